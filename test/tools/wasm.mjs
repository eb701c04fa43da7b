import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * `npm run build:wasm`: assembles the WebAssembly that is kept as text, and writes it as a source file. So neither a build nor
 * the published package needs the assembler.
 */

const audio = new URL('../../src/audio/', import.meta.url);
const source = new URL('resampler-simd.wat', audio);
const target = new URL('resampler-simd-bytes.ts', audio);

/** @returns {Promise<string>} What the target must hold; an Error that names line and column where the source is wrong. */
export async function assembled() {
  const load = createRequire(import.meta.url);
  const wabt = await load('wabt')();
  const module = wabt.parseWat('resampler-simd.wat', readFileSync(source, 'utf8'), { simd: true });
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  return [
    '/** `resampler-simd.wat` as `npm run build:wasm` assembles it, in base64. */',
    `export const RESAMPLER_SIMD =\n  '${Buffer.from(buffer).toString('base64')}';\n`,
  ].join('\n');
}

/** @returns {string} */
export function committed() {
  return readFileSync(target, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, await assembled());

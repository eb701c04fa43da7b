import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createNodeOpus, isNodeOpus } from './node-opus.js';
import type { OpusLibrary, OpusLibraryName } from './opus-library.js';
import { createWasmOpus } from './wasm-opus.js';
import { wasm } from './web-assembly.js';

/**
 * Loads Opus. Of `@evan/opus` it is libopus as WebAssembly, driven directly: it cannot take the process down, whatever a
 * packet holds, and gives error correction and concealment, which the package's own wrapper leaves out.
 *
 * @returns `undefined` where the package is not installed, or does not work here
 */
export async function loadOpus(name: OpusLibraryName): Promise<OpusLibrary | undefined> {
  const require = createRequire(import.meta.url);
  try {
    if (name === 'node-opus') {
      // Not by a literal: an optional package that nobody need have.
      const library: unknown = require(name);
      return isNodeOpus(library) ? createNodeOpus(library) : undefined;
    }
    // Built twice: with vector instructions, and for processors that have none.
    const simd = await readFile(require.resolve(`${name}/wasm/simd.wasm`));
    const bytes = wasm.validate(simd) ? simd : await readFile(require.resolve(`${name}/wasm/opus.wasm`));
    return createWasmOpus(await wasm.compile(bytes));
  } catch {
    return undefined;
  }
}

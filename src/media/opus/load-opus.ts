import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { wasm } from '../../audio/web-assembly.js';
import { createNodeOpus, isNodeOpus } from './node-opus.js';
import { MAX_PAYLOAD_BYTES } from './opus-codec.js';
import {
  OPUS_SAMPLE_RATE,
  type OpusLibrary,
  type OpusLibraryName,
  opusEncodingDefaults,
  opusFormatDefaults,
} from './opus-library.js';
import { createWasmOpus } from './wasm-opus.js';

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
      // Required, not imported: the compiler would ask for a package that nobody need have.
      const library: unknown = require('node-opus');
      const opus = isNodeOpus(library) ? createNodeOpus(library) : undefined;
      return opus !== undefined && works(opus) ? opus : undefined;
    }
    // Built twice: with vector instructions, and for processors that have none.
    const simd = await readFile(require.resolve(`${name}/wasm/simd.wasm`));
    const bytes = wasm.validate(simd) ? simd : await readFile(require.resolve(`${name}/wasm/opus.wasm`));
    return createWasmOpus(await wasm.compile(bytes));
  } catch {
    return undefined;
  }
}

/** Whether a tone comes out of what it was made into: native code that was built for another Node.js may load all the same. */
export function works(library: OpusLibrary): boolean {
  try {
    return comesThrough(library, 1);
  } catch {
    return false;
  }
}

/** Packets that are coded before the first call: the first takes 150 ms of CPU, as its machine code is made, the tenth 3. */
const WARM_UP_PACKETS = 10;

/** Has code made that the first packets of a call would have to wait for, a hundred times as long as for later ones. */
export function warmUpOpus(library: OpusLibrary): void {
  comesThrough(library, WARM_UP_PACKETS);
}

/** Codes a tone of 20 ms so many times. Whether the last of them was decoded to its length. */
function comesThrough(library: OpusLibrary, packets: number): boolean {
  const encoder = library.createEncoder(opusFormatDefaults, opusEncodingDefaults);
  const decoder = library.createDecoder();
  const samples = Int16Array.from({ length: OPUS_SAMPLE_RATE / 50 }, (_, i) => ((i * i) % 200) * 40);
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  const heard = new Int16Array(OPUS_SAMPLE_RATE / 8);
  let isWhole = false;
  for (let packet = 0; packet < packets; packet += 1) {
    const bytes = encoder.encode(samples, payload);
    isWhole = bytes > 1 && decoder.decode(payload, 0, bytes, heard) === samples.length;
  }
  encoder.close();
  decoder.close();
  return isWhole;
}

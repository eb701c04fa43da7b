/**
 * Reads little-endian 16-bit samples out of bytes of any alignment.
 * @param output receives `input.length / 2` samples; a byte left over is ignored
 */
export function readPcm16(input: Uint8Array, output: Int16Array): void {
  const count = input.length >> 1;
  for (let i = 0; i < count; i += 1) output[i] = (input[2 * i] as number) | ((input[2 * i + 1] as number) << 8);
}

/** Writes samples as little-endian bytes; `output` must hold two for each. */
export function writePcm16(input: Int16Array, output: Uint8Array): void {
  for (let i = 0; i < input.length; i += 1) {
    const sample = input[i] as number;
    output[2 * i] = sample;
    output[2 * i + 1] = sample >> 8;
  }
}

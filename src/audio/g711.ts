/**
 * ITU-T G.711 (11/88): mu-law and A-law companding of 8-bit codes to and from 16-bit linear PCM. Linear values are the
 * 14-bit (mu-law) and 13-bit (A-law) figures of the Recommendation, left-aligned in 16 bits. Rounding of values between
 * two codes follows the ITU's own reference software (G.191, `g711.c`): negative values are folded by one's complement,
 * so every input has a mirror image.
 */

/** The mu-law code of digital silence (positive zero, table 2a). */
export const MULAW_SILENCE = 0xff;

/** The A-law code nearest to silence (smallest positive value, even bits inverted, table 1a). */
export const ALAW_SILENCE = 0xd5;

const mulawToLinear = Int16Array.from({ length: 256 }, (_, code) => expandMulaw(code));
const alawToLinear = Int16Array.from({ length: 256 }, (_, code) => expandAlaw(code));
/** Indexed by the upper 14 bits of a sample: mu-law tells no two samples apart that agree in these. */
const linearToMulaw = Uint8Array.from({ length: 1 << 14 }, (_, index) => compressMulaw((index << 18) >> 16));
/** Indexed by the upper 12 bits of a sample. */
const linearToAlaw = Uint8Array.from({ length: 1 << 12 }, (_, index) => compressAlaw((index << 20) >> 16));

/**
 * Expands mu-law codes.
 * @param input one code a byte
 * @param output receives as many samples; must be at least as long as `input`, the rest is left alone
 */
export function decodeMulaw(input: Uint8Array, output: Int16Array): void {
  for (let i = 0; i < input.length; i += 1) output[i] = mulawToLinear[input[i] as number] as number;
}

/**
 * Compresses to mu-law. All 16-bit values are accepted; those beyond the largest code are clipped to it.
 * @param output receives one byte a sample; must be at least as long as `input`
 */
export function encodeMulaw(input: Int16Array, output: Uint8Array): void {
  for (let i = 0; i < input.length; i += 1) {
    output[i] = linearToMulaw[((input[i] as number) >> 2) & 0x3fff] as number;
  }
}

/** Expands A-law codes; sizes as for {@link decodeMulaw}. */
export function decodeAlaw(input: Uint8Array, output: Int16Array): void {
  for (let i = 0; i < input.length; i += 1) output[i] = alawToLinear[input[i] as number] as number;
}

/** Compresses to A-law; sizes as for {@link encodeMulaw}. */
export function encodeAlaw(input: Int16Array, output: Uint8Array): void {
  for (let i = 0; i < input.length; i += 1) {
    output[i] = linearToAlaw[((input[i] as number) >> 4) & 0xfff] as number;
  }
}

/** Table 2: eight segments of 16 steps, the step doubling from each to the next, with a bias of 33 in 14 bits. */
function expandMulaw(code: number): number {
  const inverted = ~code & 0xff;
  const segment = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 1) + 33) << segment) - 33;
  return (inverted & 0x80 ? -magnitude : magnitude) * 4;
}

function compressMulaw(sample: number): number {
  const magnitude = Math.min((sample < 0 ? ~sample : sample) >> 2, 8158) + 33;
  const segment = 26 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 1)) & 0x0f;
  const sign = sample < 0 ? 0x80 : 0;
  return ~(sign | (segment << 4) | step) & 0xff;
}

/** Table 1: segments as above, the lowest two of equal step; even bits are inverted on the line. */
function expandAlaw(code: number): number {
  const plain = code ^ 0x55;
  const segment = (plain >> 4) & 7;
  const step = ((plain & 0x0f) << 1) + 1;
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return (plain & 0x80 ? magnitude : -magnitude) * 8;
}

function compressAlaw(sample: number): number {
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const step = (segment < 2 ? magnitude : magnitude >> (segment - 1)) & 0x0f;
  const sign = sample < 0 ? 0 : 0x80;
  return (sign | (segment << 4) | step) ^ 0x55;
}

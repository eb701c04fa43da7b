/**
 * ITU-T G.711, sample by sample. The kit has its own few lines, so that a mistake in the connector's codec cannot hide
 * behind itself.
 */

const MU_BIAS = 0x84;
const MU_CLIP = 32_635;

/** 16-bit sample to mu-law octet. */
export function encodeMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)) - 7, 0);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

/** Mu-law octet to 16-bit sample. */
export function decodeMulaw(octet: number): number {
  const bits = ~octet & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + MU_BIAS) << ((bits >> 4) & 0x07)) - MU_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

/** 16-bit sample to A-law octet. */
export function encodeAlaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = Math.min(sample < 0 ? ~sample : sample, 32_767) >> 3;
  const exponent = magnitude < 32 ? 0 : Math.floor(Math.log2(magnitude)) - 4;
  const mantissa = (exponent === 0 ? magnitude >> 1 : magnitude >> exponent) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

/** A-law octet to 16-bit sample. */
export function decodeAlaw(octet: number): number {
  const bits = octet ^ 0x55;
  const exponent = (bits >> 4) & 0x07;
  const base = ((bits & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? base : (base + 0x100) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

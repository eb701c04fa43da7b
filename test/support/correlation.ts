import { PowerSpectrum, SPECTRUM_SAMPLES } from '../../src/audio/power-spectrum.js';

/** Pieces that a recording is searched for, ms. */
const PIECE_MS = 200;
/** Root mean square below which a piece is taken for a pause. */
const PAUSE = 200;
/** The search is done with every fourth sample first. */
const COARSE = 4;

/** How a piece of speech was found in a recording. */
export interface FoundPiece {
  /** Where it lies in the reference, ms. */
  readonly atMs: number;
  /** Normalised cross-correlation at the best lag: 1 for the same signal at any level, 0 for an unrelated one. */
  readonly correlation: number;
  /** How much later it stands in the recording, ms. */
  readonly lagMs: number;
}

/**
 * Looks for each 200 ms of `reference` that are no pause in `heard`, at lags from 0 to `maxLagMs`. Piece by piece, because
 * jitter buffers on the way leave frames out and put others in: that spoils the piece where it happens, not those behind.
 */
export function findPieces(
  reference: Int16Array,
  heard: Int16Array,
  sampleRateHz: number,
  maxLagMs: number,
): readonly FoundPiece[] {
  const length = (PIECE_MS / 1000) * sampleRateHz;
  const maxLag = Math.round((maxLagMs / 1000) * sampleRateHz);
  const coarse = thinned(heard);
  const found: FoundPiece[] = [];
  for (let at = 0; at + length <= reference.length; at += length) {
    const piece = reference.subarray(at, at + length);
    if (Math.sqrt(energy(piece) / length) < PAUSE) continue;
    const rough = best(thinned(piece), coarse, at / COARSE, (at + maxLag) / COARSE).at * COARSE;
    const { at: foundAt, correlation } = best(piece, heard, Math.max(at, rough - COARSE), rough + COARSE);
    found.push({ atMs: (at * 1000) / sampleRateHz, correlation, lagMs: ((foundAt - at) * 1000) / sampleRateHz });
  }
  return found;
}

/** The share of the power of 16,000 Hz sound that lies above 4000 Hz, where narrow-band codecs have nothing. */
export function wideShare(samples: Int16Array): number {
  const spectrum = new PowerSpectrum();
  const window = new Float64Array(SPECTRUM_SAMPLES);
  const middle = SPECTRUM_SAMPLES / 4;
  let wide = 0;
  let all = 0;
  for (let at = 0; at + SPECTRUM_SAMPLES <= samples.length; at += SPECTRUM_SAMPLES) {
    window.set(samples.subarray(at, at + SPECTRUM_SAMPLES));
    spectrum.compute(window);
    spectrum.power.forEach((power, bin) => {
      all += power;
      if (bin > middle) wide += power;
    });
  }
  return wide / all;
}

/** Where `piece` is most like `heard`; samples beyond its end count as silence. */
function best(piece: Float64Array | Int16Array, heard: Float64Array | Int16Array, from: number, to: number) {
  const own = energy(piece);
  let found = { at: from, correlation: 0 };
  for (let at = from; at <= to; at += 1) {
    let product = 0;
    let energyThere = 0;
    for (let i = 0; i < piece.length; i += 1) {
      const sample = heard[at + i] ?? 0;
      product += (piece[i] as number) * sample;
      energyThere += sample * sample;
    }
    const correlation = product <= 0 ? 0 : product / Math.sqrt(own * energyThere);
    if (correlation > found.correlation) found = { at, correlation };
  }
  return found;
}

/** Every fourth sample, the mean of four. */
function thinned(samples: Int16Array): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / COARSE) }, (_, i) => {
    const at = i * COARSE;
    return samples.subarray(at, at + COARSE).reduce((sum, sample) => sum + sample, 0) / COARSE;
  });
}

function energy(samples: Float64Array | Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}

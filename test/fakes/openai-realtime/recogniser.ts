import { PowerSpectrum, SPECTRUM_SAMPLES } from '../../../src/audio/power-spectrum.js';
import { type Speech, wordsUntil } from './speech.js';
import { resample } from './wire-format.js';

/** An utterance that callers may say, with the sound of it. */
export interface KnownUtterance {
  readonly text: string;
  readonly speech: Speech;
}

/** What an utterance was recognised as. */
export interface Recognition {
  readonly text: string;
  /** Correlation of the two sounds, up to 1. */
  readonly score: number;
}

/** Tells what was said by its sound. */
export interface SoundRecogniser {
  /** Whether it knows nothing: then nobody need keep sounds for it. */
  readonly empty: boolean;
  recognise(pcm: Int16Array, sampleRate: number): Recognition | undefined;
  /** The words so far; empty when that cannot be told. */
  recogniseBeginning(pcm: Int16Array, sampleRate: number): string;
}

const SAMPLE_RATE = 8000;
const HOP_SAMPLES = 160;
const HOP_MS = 20;
/** Edges of the bands, Hz: the telephone channel in parts of about equal weight to the ear. */
const BAND_EDGES_HZ = [200, 450, 750, 1100, 1550, 2150, 2900, 3800] as const;
const BANDS = BAND_EDGES_HZ.length - 1;
/** Quieter than this below the loudest counts as silence, dB: noise on the line is not compared. */
const FLOOR_DB = 30;
/** Below this, two sounds are not the same words. */
const SAME_SCORE = 0.75;
const SAME_BEGINNING_SCORE = 0.7;
/** Voiced lengths that differ more are not compared. */
const LENGTH_RATIO = 1.3;
/** How far the two may be shifted against each other after their beginnings were put together, frames. */
const MAX_LAG = 8;

/** Loudness over time in a few bands: frame by frame, `BANDS` values each, 0 (silent) to `FLOOR_DB` (loudest). */
interface Envelope {
  readonly frames: number;
  readonly values: Float32Array;
}

/** Tells which of a few known utterances was said, by the envelope of its sound. */
export class Recogniser implements SoundRecogniser {
  readonly #known: readonly { readonly utterance: KnownUtterance; readonly envelope: Envelope }[];

  constructor(known: readonly KnownUtterance[]) {
    this.#known = known.map((utterance) => ({
      utterance,
      envelope: envelopeOf(utterance.speech.pcm, utterance.speech.sampleRate),
    }));
  }

  /** Whether it knows nothing. */
  get empty(): boolean {
    return this.#known.length === 0;
  }

  /** The known utterance that `pcm` sounds like, if any. */
  recognise(pcm: Int16Array, sampleRate: number): Recognition | undefined {
    if (this.#known.length === 0) return undefined;
    const heard = envelopeOf(pcm, sampleRate);
    let best: Recognition | undefined;
    for (const { utterance, envelope } of this.#known) {
      const ratio = envelope.frames / Math.max(1, heard.frames);
      if (ratio > LENGTH_RATIO || ratio < 1 / LENGTH_RATIO) continue;
      const score = similarity(heard, envelope, Math.max(heard.frames, envelope.frames));
      if (score >= SAME_SCORE && score > (best?.score ?? 0)) best = { text: utterance.text, score };
    }
    return best;
  }

  /** The words so far of a known utterance of which `pcm` is the beginning; empty when it is of none. */
  recogniseBeginning(pcm: Int16Array, sampleRate: number): string {
    if (this.#known.length === 0) return '';
    const heard = envelopeOf(pcm, sampleRate);
    let best = 0;
    let words = '';
    for (const { utterance, envelope } of this.#known) {
      if (heard.frames > envelope.frames * LENGTH_RATIO) continue;
      const score = similarity(heard, envelope, heard.frames);
      if (score < SAME_BEGINNING_SCORE || score <= best) continue;
      best = score;
      words = wordsUntil(utterance.speech.words, heard.frames * HOP_MS);
    }
    return words;
  }
}

/** The envelope from the first to the last frame that is not silent. */
function envelopeOf(pcm: Int16Array, sampleRate: number): Envelope {
  const samples = resample(pcm, sampleRate, SAMPLE_RATE);
  const frames = Math.max(0, Math.floor((samples.length - SPECTRUM_SAMPLES) / HOP_SAMPLES) + 1);
  const values = new Float32Array(frames * BANDS);
  const spectrum = new PowerSpectrum();
  const window = new Float64Array(SPECTRUM_SAMPLES);
  let loudest = Number.NEGATIVE_INFINITY;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let i = 0; i < SPECTRUM_SAMPLES; i += 1) window[i] = samples[frame * HOP_SAMPLES + i] ?? 0;
    spectrum.compute(window);
    for (let band = 0; band < BANDS; band += 1) {
      const level = bandLevel(spectrum.power, band);
      values[frame * BANDS + band] = level;
      loudest = Math.max(loudest, level);
    }
  }
  for (const [index, level] of values.entries()) values[index] = Math.max(0, level - loudest + FLOOR_DB);
  return trimmed(values, frames);
}

function bandLevel(power: Float64Array, band: number): number {
  const binHz = SAMPLE_RATE / SPECTRUM_SAMPLES;
  const from = Math.round((BAND_EDGES_HZ[band] ?? 0) / binHz);
  const to = Math.round((BAND_EDGES_HZ[band + 1] ?? 0) / binHz);
  let sum = 1;
  for (let bin = from; bin < to; bin += 1) sum += power[bin] ?? 0;
  return 10 * Math.log10(sum);
}

function trimmed(values: Float32Array, frames: number): Envelope {
  const silent = (frame: number): boolean =>
    values.subarray(frame * BANDS, (frame + 1) * BANDS).every((value) => value < FLOOR_DB / 3);
  let first = 0;
  while (first < frames && silent(first)) first += 1;
  let last = frames;
  while (last > first && silent(last - 1)) last -= 1;
  return { frames: last - first, values: values.slice(first * BANDS, last * BANDS) };
}

/** Correlation of the first `frames` frames of both at the best shift; what one of them lacks counts as silence. */
function similarity(a: Envelope, b: Envelope, frames: number): number {
  let best = 0;
  for (let lag = -MAX_LAG; lag <= MAX_LAG; lag += 1) best = Math.max(best, correlation(a, b, frames, lag));
  return best;
}

function correlation(a: Envelope, b: Envelope, frames: number, lag: number): number {
  const count = frames * BANDS;
  let sumA = 0;
  let sumB = 0;
  let squaresA = 0;
  let squaresB = 0;
  let products = 0;
  for (let i = 0; i < count; i += 1) {
    const x = a.values[i] ?? 0;
    const y = b.values[i + lag * BANDS] ?? 0;
    sumA += x;
    sumB += y;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
  }
  const covariance = products - (sumA * sumB) / count;
  const spread = Math.sqrt((squaresA - sumA ** 2 / count) * (squaresB - sumB ** 2 / count));
  return spread > 0 ? covariance / spread : 0;
}

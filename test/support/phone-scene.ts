import { decodeMulaw, encodeMulaw } from '../../src/audio/g711.js';
import { dropOldest } from '../../src/base/drop-oldest.js';
import type { FliteVoiceName } from '../../src/cascade/index.js';
import { SeededRandom } from './seeded-random.js';
import { speak8k } from './speech.js';

/**
 * What a telephone brings from a noisy place: speech and noise at chosen levels, band-limited to 300–3400 Hz and coded
 * by mu-law, with the truth about when speech was there.
 */

const RATE = 8000;
const FULL_SCALE = 32_768;

export const steadyNoises = ['white', 'pink', 'hum', 'car'] as const;
export type NoiseKind = (typeof steadyNoises)[number] | 'babble';

/** When an utterance can be heard, ms. */
export interface Utterance {
  readonly onsetMs: number;
  readonly endMs: number;
}

export interface Scene {
  /** 8000 Hz, whole frames of 160. */
  readonly samples: Int16Array;
  readonly truth: readonly Utterance[];
}

export interface SceneOptions {
  readonly lines: readonly { readonly text: string; readonly voice: FliteVoiceName }[];
  readonly noise?: NoiseKind;
  /** Active speech over noise, both within 300–3400 Hz. */
  readonly snrDb?: number;
  /** RMS of active speech. */
  readonly levelDbfs?: number;
  readonly leadMs?: number;
  readonly gapMs?: number;
  readonly seed?: number;
}

/** Speech with silence or noise before, between and after. */
export async function makeScene(options: SceneOptions): Promise<Scene> {
  const { lines, noise, snrDb = 20, levelDbfs = -22, leadMs = 3000, gapMs = 2000, seed = 1 } = options;
  const amplitude = FULL_SCALE * 10 ** (levelDbfs / 20);
  const spoken = await Promise.all(lines.map(({ text, voice }) => utterance(text, voice, amplitude)));
  const starts: number[] = [];
  let length = leadMs * 8;
  for (const samples of spoken) {
    starts.push(length);
    length += samples.length + gapMs * 8;
  }
  const clean = new Float64Array(Math.ceil(length / 160) * 160);
  for (const [i, samples] of spoken.entries()) clean.set(samples, starts[i]);
  const noisePower = noise === undefined ? 0 : amplitude ** 2 * 10 ** (-snrDb / 10);
  const audiblePower = Math.max(noisePower, amplitude ** 2 / 100);
  const truth = spoken.map((samples, i) => audibleSpan(samples, starts[i] ?? 0, audiblePower));
  if (noise === undefined) return { samples: viaMulaw(clean), truth };
  const added = await makeNoise(noise, clean.length, seed);
  return { samples: viaMulaw(clean.map((value, i) => value + (added[i] ?? 0) * Math.sqrt(noisePower))), truth };
}

/** Noise of the given RMS alone, coded. */
export async function noiseOnly(kind: NoiseKind, ms: number, levelDbfs: number, seed = 1): Promise<Int16Array> {
  return atLevel(await makeNoise(kind, ms * 8, seed), levelDbfs);
}

/** Sound of RMS 1 at another level, coded. */
export function atLevel(samples: Float64Array, levelDbfs: number): Int16Array {
  const amplitude = FULL_SCALE * 10 ** (levelDbfs / 20);
  return viaMulaw(samples.map((value) => value * amplitude));
}

/** To mu-law and back, clipped. */
export function viaMulaw(samples: Float64Array): Int16Array {
  const linear = new Int16Array(samples.length);
  // By index: `from` with a function asks an iterator for each sample, which took a third of the time of such tests.
  for (let i = 0; i < linear.length; i += 1) {
    linear[i] = Math.max(-32_768, Math.min(32_767, Math.round(samples[i] ?? 0)));
  }
  const coded = new Uint8Array(linear.length);
  encodeMulaw(linear, coded);
  decodeMulaw(coded, linear);
  return linear;
}

/** 300 to 3400 Hz by four biquads each way. */
export function telephoneBand(samples: Float64Array): Float64Array {
  const q = [0.541, 1.307];
  let result = samples;
  for (const quality of q) result = biquad(biquad(result, 'high', 300, quality), 'low', 3400, quality);
  return result;
}

const noises = new Map<string, Promise<Float64Array>>();
/** Noises kept: a scene is heard at several levels, one after the other. */
const KEPT_NOISES = 8;

/** Noise within the telephone band, RMS 1. Deterministic, and shared: do not write to it. */
export function makeNoise(kind: NoiseKind, length: number, seed: number): Promise<Float64Array> {
  const key = `${kind}:${length}:${seed}`;
  const noise = noises.get(key) ?? newNoise(kind, length, seed);
  // The one asked for last stands last.
  noises.delete(key);
  noises.set(key, noise);
  dropOldest(noises, KEPT_NOISES);
  return noise;
}

async function newNoise(kind: NoiseKind, length: number, seed: number): Promise<Float64Array> {
  const random = new SeededRandom(seed);
  const raw = kind === 'babble' ? await babble(length, random) : generators[kind](length, random);
  const banded = telephoneBand(raw);
  const rms = Math.sqrt(banded.reduce((sum, value) => sum + value * value, 0) / length);
  return banded.map((value) => value / rms);
}

/** Normally distributed, by Box and Muller. */
export function gaussian(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log((random.integer(2 ** 32) + 1) / 2 ** 32));
  return radius * Math.cos((2 * Math.PI * random.integer(2 ** 32)) / 2 ** 32);
}

/** As `Float64Array.from` with a function fills one, by index. */
function filled(length: number, valueAt: (index: number) => number): Float64Array {
  const values = new Float64Array(length);
  for (let i = 0; i < length; i += 1) values[i] = valueAt(i);
  return values;
}

const generators: Record<Exclude<NoiseKind, 'babble'>, (length: number, random: SeededRandom) => Float64Array> = {
  white: (length, random) => filled(length, () => gaussian(random)),
  /** Leaky integrators an octave and a half apart. */
  pink: (length, random) => {
    const poles = [0.997, 0.985, 0.95, 0.85, 0.55, 0];
    const states = poles.map(() => 0);
    return filled(length, () => {
      let sum = 0;
      for (let i = 0; i < poles.length; i += 1) {
        const pole = poles[i] ?? 0;
        states[i] = pole * (states[i] ?? 0) + (1 - pole) ** 0.5 * gaussian(random);
        sum += states[i] ?? 0;
      }
      return sum;
    });
  },
  /** 50 Hz mains with its harmonics. */
  hum: (length, random) => {
    const phases = Array.from({ length: 30 }, () => random.integer(6283) / 1000);
    return filled(length, (i) => {
      let sum = 0.02 * gaussian(random);
      for (let n = 0; n < phases.length; n += 1) {
        const phase = phases[n] ?? 0;
        sum += (Math.sin((2 * Math.PI * 50.02 * (n + 1) * i) / RATE + phase) * (n % 2 === 0 ? 1 : 0.5)) / (n + 1);
      }
      return sum;
    });
  },
  /** Rumble and tyres, swelling and fading by a quarter, with an engine. */
  car: (length, random) => {
    let rumble = 0;
    let tyres = 0;
    return filled(length, (i) => {
      rumble = 0.97 * rumble + gaussian(random);
      tyres = 0.8 * tyres + 0.6 * gaussian(random);
      const swell = 1 + 0.25 * Math.sin((2 * Math.PI * 0.7 * i) / RATE) + 0.1 * Math.sin((2 * Math.PI * 9 * i) / RATE);
      return (rumble + tyres + 1.5 * Math.sin((2 * Math.PI * 99 * i) / RATE)) * swell;
    });
  },
};

const crowd = [
  'We had the fish last time and it was really very good.',
  'So I told him that the train would never be there by nine.',
  'Another round of coffee for the table at the window, please.',
  'It must have been about four years ago, maybe five.',
] as const;

/** Ten people at a distance. */
async function babble(length: number, random: SeededRandom): Promise<Float64Array> {
  const voices = ['kal16', 'awb', 'rms', 'slt'] as const;
  const sum = new Float64Array(length);
  for (let person = 0; person < 10; person += 1) {
    const voice = voices[person % voices.length] ?? 'slt';
    const loudness = 0.6 + random.integer(800) / 1000;
    for (let at = -random.integer(16_000); at < length; ) {
      const line = await utterance(crowd[random.integer(crowd.length)] ?? '', voice, loudness);
      const end = Math.min(line.length, length - at);
      for (let i = Math.max(0, -at); i < end; i += 1) sum[at + i] = (sum[at + i] ?? 0) + (line[i] ?? 0);
      at += line.length - 800 + random.integer(2000);
    }
  }
  return sum;
}

const said = new Map<string, Promise<Float64Array>>();

/** Band-limited speech whose active part has the given RMS; silence at either end is cut off. 8000 Hz. */
export async function utterance(text: string, voice: FliteVoiceName, rms: number): Promise<Float64Array> {
  const key = `${voice}:${text}`;
  const known = said.get(key) ?? sayOnce(text, voice);
  said.set(key, known);
  return (await known).map((value) => value * rms);
}

/** The same with RMS 1; silence at either end is cut off. */
async function sayOnce(text: string, voice: FliteVoiceName): Promise<Float64Array> {
  const samples = telephoneBand(Float64Array.from(await speak8k(text, voice)));
  const powers = framePowers(samples, 160);
  const loudest = Math.max(...powers);
  const active = powers.filter((power) => power > loudest * 10 ** -2.5);
  const gain = 1 / Math.sqrt(active.reduce((sum, power) => sum + power, 0) / active.length);
  const first = powers.findIndex((power) => power > loudest * 1e-4);
  const last = powers.findLastIndex((power) => power > loudest * 1e-4);
  return samples.slice(first * 160, (last + 1) * 160).map((value) => value * gain);
}

function framePowers(samples: Float64Array, length: number): number[] {
  return Array.from({ length: Math.floor(samples.length / length) }, (_, n) => {
    const frame = samples.subarray(n * length, (n + 1) * length);
    return frame.reduce((sum, value) => sum + value * value, 0) / length;
  });
}

/** From the first to the last 10 ms that are as loud as `power`; `start`: index of the first sample. */
export function audibleSpan(samples: Float64Array, start: number, power: number): Utterance {
  const powers = framePowers(samples, 80);
  const first = powers.findIndex((value) => value > power);
  const last = powers.findLastIndex((value) => value > power);
  return { onsetMs: start / 8 + first * 10, endMs: start / 8 + (last + 1) * 10 };
}

/** The audio EQ cookbook's second-order low and high pass. */
function biquad(samples: Float64Array, kind: 'low' | 'high', hz: number, q: number): Float64Array {
  const angle = (2 * Math.PI * hz) / RATE;
  const alpha = Math.sin(angle) / (2 * q);
  const cosine = Math.cos(angle);
  const side = (kind === 'low' ? 1 - cosine : 1 + cosine) / 2 / (1 + alpha);
  const middle = kind === 'low' ? 2 * side : -2 * side;
  const a1 = (-2 * cosine) / (1 + alpha);
  const a2 = (1 - alpha) / (1 + alpha);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  return samples.map((x) => {
    const y = side * x + middle * x1 + side * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    return y;
  });
}

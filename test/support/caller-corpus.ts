import type { FliteVoiceName } from '../../src/cascade/index.js';
import { audibleSpan, gaussian, makeNoise, type NoiseKind, telephoneBand, utterance, viaMulaw } from './phone-scene.js';
import { SeededRandom } from './seeded-random.js';

/**
 * What callers utter while an agent speaks, generated from seeds: speech is flite's, at other speeds and pitches than
 * its own; coughs are filtered noise; all of it over the noises of a telephone. *Synthetic*: figures that come of it say
 * how the connector treats this corpus, not how many people will be content.
 */

export const soundKinds = ['phrase', 'word', 'back-channel', 'cough'] as const;

/**
 * - `phrase`: an interruption of several words.
 * - `word`: one of a single word, or two short ones: as short as a back-channel.
 * - `back-channel`: the caller listens, and says so.
 * - `cough`: coughs and throats cleared, no word in it.
 */
export type SoundKind = (typeof soundKinds)[number];

export const corpusSnrsDb = [20, 15, 10] as const;

/** Thresholds are chosen by the one, results reported by the other. They share neither seeds nor phrases. */
export type CorpusPart = 'tuning' | 'test';

export interface CallerSound {
  readonly kind: SoundKind;
  /** What a perfect listener writes down; empty for a cough. */
  readonly text: string;
  readonly voice: FliteVoiceName;
  readonly noise: NoiseKind;
  readonly snrDb: number;
  /** 8000 Hz, whole frames of 160, through mu-law: noise, the sound at `onsetMs`, noise. */
  readonly samples: Int16Array;
  /** Where the sound begins and ends to be audible, ms from the first sample. */
  readonly onsetMs: number;
  readonly endMs: number;
}

const phrases: Record<CorpusPart, readonly string[]> = {
  tuning: [
    'Wait a moment, please.',
    'No, that is not what I meant.',
    'Sorry, could you say that again?',
    'I would rather come on Friday.',
    'Can I speak to a person?',
    'Stop, stop, I have a question.',
    'How much does it cost?',
    'Excuse me, who are you?',
    'That is too late for me.',
    'Let me ask you something.',
  ],
  test: [
    'Hold on, I did not get that.',
    'No, I said Tuesday.',
    'Please stop talking for a second.',
    'Actually, I need to change the time.',
    'What about the other shop?',
    'Sorry to interrupt, but I am in a hurry.',
    'Can you repeat the number?',
    'I already have an appointment.',
    'Is there anything earlier?',
    'Just tell me the price.',
  ],
};

const words: Record<CorpusPart, readonly string[]> = {
  tuning: ['No.', 'Wait.', 'Sorry?', 'Hold on.'],
  test: ['Stop.', 'What?', 'Hello?', 'Excuse me.'],
};

const backChannels = ['mm-hm', 'uh-huh', 'Yeah.', 'Okay.', 'Right.'] as const;

/** flite would spell it out. */
const spokenAs: Readonly<Record<string, string>> = { 'mm-hm': 'um-hum' };

const voices = ['kal16', 'awb', 'rms', 'slt'] as const;
const noises = ['white', 'pink', 'hum', 'car'] as const satisfies readonly NoiseKind[];
const firstSeed: Record<CorpusPart, number> = { tuning: 10_000, test: 20_000 };

const FULL_SCALE = 32_768;
const LEAD_MS = 1500;
const TAIL_MS = 2500;

/**
 * Sounds of one kind at one signal-to-noise ratio, `count` of them. Speech and noise both within 300 to 3400 Hz; coughs
 * are as loud as speech or up to 6 dB louder.
 */
export async function callerSounds(
  part: CorpusPart,
  kind: SoundKind,
  snrDb: number,
  count: number,
): Promise<readonly CallerSound[]> {
  const sounds: CallerSound[] = [];
  for (let index = 0; index < count; index += 1) {
    const seed = firstSeed[part] + soundKinds.indexOf(kind) * 2000 + snrDb * 50 + index;
    sounds.push(await callerSound(part, kind, snrDb, index, new SeededRandom(seed)));
  }
  return sounds;
}

async function callerSound(
  part: CorpusPart,
  kind: SoundKind,
  snrDb: number,
  index: number,
  random: SeededRandom,
): Promise<CallerSound> {
  const voice = pick(voices, random);
  const noise = pick(noises, random);
  const text = textOf(part, kind, index);
  const levelDb = -28 + random.integer(1000) / 100;
  const amplitude = FULL_SCALE * 10 ** (levelDb / 20);
  const sound =
    kind === 'cough'
      ? cough(random).map((value) => value * amplitude)
      : atSpeed(await utterance(spokenAs[text] ?? text, voice, amplitude), 0.9 + random.integer(250) / 1000);
  // Not in step with the frames.
  const start = LEAD_MS * 8 + random.integer(4000);
  const clean = new Float64Array(Math.ceil((start + sound.length + TAIL_MS * 8) / 160) * 160);
  clean.set(sound, start);
  const noisePower = amplitude ** 2 * 10 ** (-snrDb / 10);
  const added = await makeNoise(noise, clean.length, random.integer(1e6));
  const samples = viaMulaw(clean.map((value, i) => value + (added[i] ?? 0) * Math.sqrt(noisePower)));
  const { onsetMs, endMs } = audibleSpan(sound, start, Math.max(noisePower, amplitude ** 2 / 100));
  return { kind, text, voice, noise, snrDb, samples, onsetMs, endMs };
}

function textOf(part: CorpusPart, kind: SoundKind, index: number): string {
  if (kind === 'cough') return '';
  const texts = kind === 'phrase' ? phrases[part] : kind === 'word' ? words[part] : backChannels;
  return texts[index % texts.length] ?? '';
}

/** One to three bursts of noise through two resonances of a throat: sharp attack, long decay. RMS of the first 1 to 2. */
function cough(random: SeededRandom): Float64Array {
  const bursts = 1 + random.integer(3);
  const [low, high] = [350 + random.integer(450), 1100 + random.integer(1400)];
  const gain = 10 ** (random.integer(600) / 2000);
  const parts: Float64Array[] = [];
  for (let burst = 0; burst < bursts; burst += 1) {
    const attack = 8 * (5 + random.integer(15));
    const decay = 8 * (30 + random.integer(60));
    const length = attack + 3 * decay;
    const noise = Float64Array.from({ length }, () => gaussian(random));
    const [throat, mouth] = [resonance(noise, low, 0.93), resonance(noise, high, 0.88)];
    const envelope = (i: number): number => (i < attack ? i / attack : Math.exp((attack - i) / decay));
    parts.push(throat.map((value, i) => (value + 0.7 * (mouth[i] ?? 0)) * envelope(i) * 0.8 ** burst));
    parts.push(new Float64Array(8 * (40 + random.integer(160))));
  }
  const whole = telephoneBand(Float64Array.from(parts.flatMap((part) => [...part])));
  const first = whole.subarray(0, parts[0]?.length ?? 0);
  const rms = Math.sqrt(first.reduce((sum, value) => sum + value * value, 0) / first.length);
  return whole.map((value) => (value * gain) / rms);
}

/** Two poles at `hz`; `radius` near 1 makes them ring. */
function resonance(samples: Float64Array, hz: number, radius: number): Float64Array {
  const turn = 2 * radius * Math.cos((2 * Math.PI * hz) / 8000);
  let [y1, y2] = [0, 0];
  return samples.map((x) => {
    const y = turn * y1 - radius * radius * y2 + x * (1 - radius);
    [y2, y1] = [y1, y];
    return y;
  });
}

/** The same sound `speed` times as fast, and as high: by linear interpolation, which a telephone's band forgives. */
function atSpeed(samples: Float64Array, speed: number): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / speed) }, (_, i) => {
    const at = i * speed;
    const before = samples[Math.floor(at)] ?? 0;
    return before + ((samples[Math.floor(at) + 1] ?? before) - before) * (at % 1);
  });
}

function pick<Item>(items: readonly [Item, ...Item[]], random: SeededRandom): Item {
  return items[random.integer(items.length)] ?? items[0];
}

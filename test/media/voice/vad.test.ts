import { describe, expect, test } from 'vitest';
import { createVoiceDetector, type VoiceDetector, type VoiceDetectorOptions } from '../../../src/media/voice/vad.js';
import { callerSounds } from '../../support/caller-corpus.js';
import {
  atLevel,
  makeNoise,
  makeScene,
  type NoiseKind,
  noiseOnly,
  type Scene,
  steadyNoises,
  telephoneBand,
  viaMulaw,
} from '../../support/phone-scene.js';
import { SeededRandom } from '../../support/seeded-random.js';

const voices = ['kal16', 'awb', 'rms', 'slt'] as const;

const sentences = [
  'I would like to book a haircut for next Tuesday.',
  'Yes, that is fine, thank you.',
  'Can you tell me what time you open tomorrow?',
  'No.',
  'My name is Andrew Miller and my number is five five five, one two.',
  'Hello, who am I speaking to?',
  'Sorry, could you say that again please?',
  'What about half past four?',
] as const;

/** One stretch as the detector saw it, ms from the beginning. */
interface Stretch {
  readonly decidedMs: number;
  readonly onsetMs: number;
  stoppedMs: number;
  speechMs: number;
}

interface Heard {
  readonly stretches: readonly Stretch[];
  /** Frames with a positive verdict, by their end. */
  readonly voicedMs: readonly number[];
}

function listen(samples: Int16Array, options: Partial<VoiceDetectorOptions> = {}): Heard {
  return listenWith(createVoiceDetector(options), samples);
}

function listenWith(detector: VoiceDetector, samples: Int16Array): Heard {
  const stretches: Stretch[] = [];
  const voicedMs: number[] = [];
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    const nowMs = (at + 160) / 8;
    if (detector.process(samples.subarray(at, at + 160))) voicedMs.push(nowMs);
    if (detector.changed === 'started') {
      const onsetMs = nowMs - detector.onsetMsAgo;
      stretches.push({ decidedMs: nowMs, onsetMs, stoppedMs: Number.POSITIVE_INFINITY, speechMs: 0 });
    }
    const last = stretches.at(-1);
    if (last !== undefined && detector.changed === 'stopped') {
      last.stoppedMs = nowMs;
      last.speechMs = detector.speechMs;
    }
  }
  return { stretches, voicedMs };
}

interface Score {
  missed: number;
  merged: number;
  falseStarts: number;
  readonly onsetErrorsMs: number[];
  readonly latenciesMs: number[];
}

/** Holds what was heard against the truth. */
function judge({ truth }: Scene, { stretches }: Heard, score: Score): void {
  for (const { onsetMs, endMs } of truth) {
    const found = stretches.find(({ decidedMs }) => decidedMs > onsetMs - 250 && decidedMs < endMs + 300);
    if (found !== undefined) {
      score.onsetErrorsMs.push(Math.abs(found.onsetMs - onsetMs));
      score.latenciesMs.push(found.decidedMs - onsetMs);
    } else if (stretches.some(({ decidedMs, stoppedMs }) => decidedMs < onsetMs && stoppedMs > onsetMs)) {
      score.merged += 1;
    } else {
      score.missed += 1;
    }
  }
  score.falseStarts += stretches.filter(
    ({ decidedMs }) => !truth.some(({ onsetMs, endMs }) => decidedMs > onsetMs - 250 && decidedMs < endMs + 300),
  ).length;
}

async function judgeScenes(noise: NoiseKind | undefined, snrDb: number, levelDbfs = -22): Promise<Score> {
  const score: Score = { missed: 0, merged: 0, falseStarts: 0, onsetErrorsMs: [], latenciesMs: [] };
  for (const [i, voice] of voices.entries()) {
    const pair = [0, 1].map((n) => ({ text: sentences[(2 * i + n) % sentences.length] ?? '', voice }));
    const other = [4, 5].map((n) => ({ text: sentences[(2 * i + n) % sentences.length] ?? '', voice }));
    const surroundings = noise === undefined ? {} : { noise, snrDb };
    const scene = await makeScene({ lines: [...pair, ...other], levelDbfs, seed: i + 1, ...surroundings });
    judge(scene, listen(scene.samples), score);
  }
  return score;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function add(first: Float64Array, second: Float64Array, gain: number): Float64Array {
  return first.map((value, i) => value + gain * (second[i] ?? 0));
}

/** A quiet room: pink noise at -55 dBFS. */
async function room(ms: number, seed = 8): Promise<Float64Array> {
  return (await makeNoise('pink', ms * 8, seed)).map((value) => value * 58);
}

describe.each(steadyNoises)('speech in %s noise', (noise) => {
  const onsetErrorsMs: number[] = [];

  test.each([20, 15, 10])('at %d dB: every utterance is found, none twice, none that is not there', async (snrDb) => {
    const score = await judgeScenes(noise, snrDb);
    expect(score).toMatchObject({ missed: 0, merged: 0, falseStarts: 0 });
    onsetErrorsMs.push(...score.onsetErrorsMs);
  });

  test('the onset is found within 150 ms in 95 of 100', () => {
    expect(onsetErrorsMs).toHaveLength(48);
    expect(percentile(onsetErrorsMs, 0.95)).toBeLessThanOrEqual(150);
  });
});

test.each([-45, -22, -8])('speech without noise, at %d dBFS', async (levelDbfs) => {
  const score = await judgeScenes(undefined, 0, levelDbfs);
  expect(score).toMatchObject({ missed: 0, merged: 0, falseStarts: 0 });
  expect(percentile(score.onsetErrorsMs, 0.95)).toBeLessThanOrEqual(150);
  expect(percentile(score.latenciesMs, 0.5)).toBeLessThanOrEqual(120);
});

test.each([20, 15, 10])(
  'speech before a crowd of ten, %d dB above it: found, and hardly anything else',
  async (snrDb) => {
    const score = await judgeScenes('babble', snrDb);
    expect(score.missed).toBe(0);
    expect(score.merged + score.falseStarts).toBeLessThanOrEqual(2);
  },
);

test('two utterances in pink noise with two seconds between are two, and end when they end', async () => {
  const scene = await makeScene({
    lines: [
      { text: 'I would like to book a haircut for next Tuesday at three in the afternoon.', voice: 'slt' },
      { text: 'My name is Andrew Miller and my number is five five five, one two three four.', voice: 'slt' },
    ],
    noise: 'pink',
    snrDb: 15,
  });
  const { stretches } = listen(scene.samples);
  expect(stretches).toHaveLength(2);
  for (const [i, { stoppedMs, speechMs, onsetMs }] of stretches.entries()) {
    const endMs = scene.truth[i]?.endMs ?? Number.NaN;
    expect(stoppedMs - endMs).toBeGreaterThan(300);
    expect(stoppedMs - endMs).toBeLessThan(700);
    expect(onsetMs + speechMs).toBe(stoppedMs - 500);
  }
});

describe.each(steadyNoises)('a minute of %s noise alone', (noise) => {
  test('starts nothing, at -60, -50, -40 and -30 dBFS', async () => {
    const minute = await makeNoise(noise, 60_000 * 8, 1);
    for (const levelDbfs of [-60, -50, -40, -30]) expect(listen(atLevel(minute, levelDbfs)).stretches).toEqual([]);
  });

  test('that grows by 10 dB is learnt within two seconds', async () => {
    const samples = Float64Array.from(await noiseOnly(noise, 12_000, -50, 5));
    const louder = viaMulaw(samples.map((value, i) => (i < 4000 * 8 ? value : value * 10 ** 0.5)));
    const { stretches, voicedMs } = listen(louder);
    expect(stretches).toEqual([]);
    expect(voicedMs.filter((ms) => ms > 6000)).toEqual([]);
  });

  test('that has just grown by 10 dB does not hide speech for longer than two seconds', async () => {
    const scene = await makeScene({ lines: [{ text: sentences[0], voice: 'rms' }], leadMs: 5000 });
    const noiseSamples = await makeNoise(noise, scene.samples.length, 6);
    const level = 32_768 * 10 ** (-35 / 20);
    const grown = noiseSamples.map((value, i) => value * level * (i < 3000 * 8 ? 10 ** -0.5 : 1));
    const { stretches } = listen(viaMulaw(add(Float64Array.from(scene.samples), grown, 1)));
    expect(stretches).toHaveLength(1);
    expect(Math.abs((stretches[0]?.onsetMs ?? 0) - (scene.truth[0]?.onsetMs ?? 0))).toBeLessThanOrEqual(150);
  });
});

test('a minute of a crowd alone, near or far, starts nothing once it is known', async () => {
  const crowd = await makeNoise('babble', 60_000 * 8, 4);
  for (const levelDbfs of [-50, -40, -25]) {
    const { stretches } = listen(atLevel(crowd, levelDbfs));
    expect(stretches.filter(({ decidedMs }) => decidedMs > 3000)).toEqual([]);
  }
});

test('a crowd that comes up by 20 dB is taken for speech for some seconds at most', async () => {
  const samples = Float64Array.from(await noiseOnly('babble', 20_000, -55, 3));
  const { stretches } = listen(viaMulaw(samples.map((value, i) => (i < 4000 * 8 ? value : value * 10))));
  for (const { stoppedMs } of stretches) expect(stoppedMs).toBeLessThan(10_000);
});

const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];

test.each([
  { onMs: 50, offMs: 50, amplitude: 8000 },
  { onMs: 60, offMs: 40, amplitude: 2500 },
  { onMs: 100, offMs: 100, amplitude: 8000 },
  { onMs: 200, offMs: 200, amplitude: 2500 },
  { onMs: 400, offMs: 100, amplitude: 12_000 },
])('keys of $onMs ms every $offMs ms start nothing, over noise or silence', async ({ onMs, offMs, amplitude }) => {
  for (const noiseGain of [0, 1, 4]) {
    const samples = (await room(12_000)).map((value) => value * noiseGain);
    let key = 0;
    for (let atMs = 2000; atMs + onMs < 11_000; atMs += onMs + offMs) {
      const row = ROWS_HZ[key % 4] ?? 0;
      const column = COLUMNS_HZ[(key >> 2) % 4] ?? 0;
      key += 1;
      for (let i = 0; i < onMs * 8; i += 1) {
        const tone = Math.sin((2 * Math.PI * row * i) / 8000) + Math.sin((2 * Math.PI * column * i) / 8000 + key);
        samples[atMs * 8 + i] = (samples[atMs * 8 + i] ?? 0) + amplitude * tone;
      }
    }
    expect(listen(viaMulaw(samples)).stretches).toEqual([]);
  }
});

test.each([
  { name: 'dial tone', hz: [425], onMs: 8000, offMs: 1000 },
  { name: 'ringing in North America', hz: [440, 480], onMs: 2000, offMs: 4000 },
  { name: 'busy in North America', hz: [480, 620], onMs: 500, offMs: 500 },
  { name: 'ringing in Europe', hz: [425], onMs: 1000, offMs: 4000 },
  { name: 'a calling fax', hz: [1100], onMs: 500, offMs: 3000 },
])('$name starts nothing', async ({ hz, onMs, offMs }) => {
  const samples = await room(12_000);
  for (let atMs = 1000; atMs < 12_000; atMs += onMs + offMs) {
    for (let i = 0; i < onMs * 8 && atMs * 8 + i < samples.length; i += 1) {
      for (const f of hz)
        samples[atMs * 8 + i] = (samples[atMs * 8 + i] ?? 0) + 3000 * Math.sin((2 * Math.PI * f * i) / 8000);
    }
  }
  expect(listen(viaMulaw(samples)).stretches).toEqual([]);
});

test('clicks of 2 ms, however many, start nothing', async () => {
  const random = new SeededRandom(11);
  const samples = await room(20_000);
  for (let at = 8000; at < samples.length - 100; at += 800 + random.integer(4000)) {
    for (let i = 0; i < 16; i += 1) samples[at + i] = random.integer(24_000) - 12_000;
  }
  expect(listen(viaMulaw(samples)).stretches).toEqual([]);
});

test.each([30, 55, 100, 250])('noise bursts of %d ms (coughs, knocks, breath) start nothing', async (ms) => {
  const samples = await room(20_000);
  const burst = await makeNoise('white', 20_000 * 8, 2);
  for (let atMs = 1000; atMs < 19_000; atMs += 1000) {
    for (let i = 0; i < ms * 8; i += 1) {
      const at = atMs * 8 + i;
      samples[at] = (samples[at] ?? 0) + 5000 * Math.sin((Math.PI * i) / (ms * 8)) * (burst[at] ?? 0);
    }
  }
  expect(listen(viaMulaw(samples)).stretches).toEqual([]);
});

test('voiced coughs below 60 ms start nothing', async () => {
  const random = new SeededRandom(5);
  const samples = await room(30_000);
  for (let atMs = 1000; atMs < 29_000; atMs += 1000) {
    const period = 50 + random.integer(20);
    const formant = 0.4 + random.integer(30) / 100;
    let [y1, y2] = [0, 0];
    for (let i = 0; i < 50 * 8; i += 1) {
      const excitation = (i % period === 0 ? 6 : 0) + (random.integer(2000) - 1000) / 1000;
      const y = 1.9 * Math.cos(formant) * y1 - 0.9025 * y2 + excitation;
      [y2, y1] = [y1, y];
      samples[atMs * 8 + i] = (samples[atMs * 8 + i] ?? 0) + 700 * y * Math.exp(-i / 150);
    }
  }
  expect(listen(viaMulaw(telephoneBand(samples))).stretches).toEqual([]);
});

test('silence fill never triggers: zeros, the smallest A-law code, and both alternating with noise', async () => {
  expect(listen(new Int16Array(8000 * 60)).voicedMs).toEqual([]);
  expect(listen(Int16Array.from({ length: 8000 * 60 }, (_, i) => (i % 3 === 0 ? -8 : 8))).voicedMs).toEqual([]);
  const switching = await noiseOnly('pink', 30_000, -45, 4);
  for (let second = 0; second < 30; second += 2) switching.fill(0, second * 8000, (second + 1) * 8000);
  expect(listen(switching).stretches).toEqual([]);
});

test('digital silence before the first packet of a phone in a noisy place takes nothing from what is said soon after', async () => {
  let early = 0;
  let late = 0;
  for (const snrDb of [15, 10]) {
    for (const { samples } of await callerSounds('tuning', 'phrase', snrDb, 10)) {
      const withSilence = new Int16Array(samples.length + 3 * 160);
      withSilence.set(samples, 3 * 160);
      early += listen(samples).voicedMs.length;
      late += listen(withSilence).voicedMs.length;
    }
  }
  expect(late).toBeGreaterThan(0.98 * early);
});

test('a phone that sends silence until its owner speaks is heard from the first word', async () => {
  const scene = await makeScene({ lines: [{ text: sentences[5], voice: 'awb' }], leadMs: 400 });
  const { stretches } = listen(scene.samples);
  expect(stretches).toHaveLength(1);
  expect((stretches[0]?.decidedMs ?? 0) - (scene.truth[0]?.onsetMs ?? 0)).toBeLessThan(200);
});

test('consonants within a word count, silence after it does not', async () => {
  const scene = await makeScene({ lines: [{ text: sentences[4], voice: 'slt' }], noise: 'pink', snrDb: 20 });
  const { voicedMs } = listen(scene.samples);
  const { onsetMs, endMs } = scene.truth[0] ?? { onsetMs: 0, endMs: 0 };
  const within = voicedMs.filter((ms) => ms > onsetMs && ms <= endMs + 40);
  expect(within.length * 20).toBeGreaterThan((endMs - onsetMs) / 2);
  expect(voicedMs).toEqual(within);
});

test('speechMs runs from the onset to the last voiced frame, while speaking and after', async () => {
  const scene = await makeScene({ lines: [{ text: sentences[5], voice: 'kal16' }] });
  const detector = createVoiceDetector();
  let startedMs = 0;
  for (let at = 0; at < scene.samples.length; at += 160) {
    const nowMs = (at + 160) / 8;
    const voiced = detector.process(scene.samples.subarray(at, at + 160));
    if (detector.changed === 'started') startedMs = nowMs - detector.onsetMsAgo;
    if (detector.speaking && voiced) expect(detector.speechMs).toBe(nowMs - startedMs);
  }
  expect(detector.speaking).toBe(false);
  const { onsetMs, endMs } = scene.truth[0] ?? { onsetMs: 0, endMs: 0 };
  expect(Math.abs(detector.speechMs - (endMs - onsetMs))).toBeLessThan(150);
});

test('stopMs decides how long a pause may be', async () => {
  const scene = await makeScene({
    lines: [
      { text: 'No.', voice: 'rms' },
      { text: 'No.', voice: 'rms' },
    ],
    gapMs: 700,
  });
  expect(listen(scene.samples, { stopMs: 500 }).stretches).toHaveLength(2);
  expect(listen(scene.samples, { stopMs: 1200 }).stretches).toHaveLength(1);
});

test('a longer startMs asks for more voice', async () => {
  const scene = await makeScene({ lines: [{ text: sentences[0], voice: 'slt' }] });
  const quick = listen(scene.samples, { startMs: 40 }).stretches[0]?.decidedMs ?? 0;
  const slow = listen(scene.samples, { startMs: 200, startWindowMs: 400 }).stretches[0]?.decidedMs ?? 0;
  expect(slow).toBeGreaterThanOrEqual(quick + 60);
});

test('speech below minLevelDb is left to the background', async () => {
  const scene = await makeScene({ lines: [{ text: sentences[0], voice: 'slt' }], levelDbfs: -40 });
  expect(listen(scene.samples, { minLevelDb: -20 }).stretches).toEqual([]);
});

test.each([0, 80, 161, 320])('a frame of %d samples is a mistake', (length) => {
  expect(() => createVoiceDetector().process(new Int16Array(length))).toThrow(RangeError);
});

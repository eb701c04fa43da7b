import { expect, test } from 'vitest';
import { decodeMulaw, encodeMulaw } from '../../../src/audio/g711.js';
import { InbandDtmfDetector } from '../../../src/media/dtmf/inband-dtmf.js';
import { agentText } from '../../soak/turns/agent-text.js';
import { SeededRandom } from '../../support/seeded-random.js';

const ROWS_HZ = [697, 770, 852, 941] as const;
const COLUMNS_HZ = [1209, 1336, 1477, 1633] as const;
const KEYS = '123A456B789C*0#D';
/** Peak of a sine at 0 dBm0 in 16-bit samples of G.711. */
const PEAK_0_DBM0 = 32_124 * 10 ** (-3.14 / 20);

interface Press {
  /** Of each tone. */
  readonly levelDbm0?: number;
  /** High over low, dB. */
  readonly twistDb?: number;
  readonly toneMs?: number;
  readonly pauseMs?: number;
  /** Of both tones. */
  readonly offBy?: number;
  /** White noise below the two tones, dB. */
  readonly snrDb?: number;
}

/** Keys as a phone would send them through G.711, silence before and after. */
function dial(digits: string, press: Press = {}): Int16Array {
  const { levelDbm0 = -10, twistDb = 0, toneMs = 60, pauseMs = 60, offBy = 0, snrDb } = press;
  const random = new SeededRandom(7);
  const low = PEAK_0_DBM0 * 10 ** ((levelDbm0 - Math.max(0, twistDb)) / 20);
  const high = PEAK_0_DBM0 * 10 ** ((levelDbm0 + Math.min(0, twistDb)) / 20);
  const noise = snrDb === undefined ? 0 : Math.sqrt((low ** 2 + high ** 2) / 2) * 10 ** (-snrDb / 20);
  const samples: number[] = [];
  const add = (ms: number, tone: (t: number) => number): void => {
    for (let i = 0; i < ms * 8; i += 1) samples.push(tone(i / 8000) + noise * gaussian(random));
  };
  add(200, () => 0);
  for (const digit of digits) {
    const key = KEYS.indexOf(digit);
    const rowHz = (ROWS_HZ[Math.floor(key / 4)] ?? 0) * (1 + offBy);
    const columnHz = (COLUMNS_HZ[key % 4] ?? 0) * (1 + offBy);
    add(toneMs, (t) => low * Math.sin(2 * Math.PI * rowHz * t) + high * Math.sin(2 * Math.PI * columnHz * t));
    add(pauseMs, () => 0);
  }
  add(200, () => 0);
  const linear = Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample))));
  const codes = new Uint8Array(linear.length);
  encodeMulaw(linear, codes);
  decodeMulaw(codes, linear);
  return linear;
}

function gaussian(random: SeededRandom): number {
  const uniform = (): number => (random.integer(1_000_000) + 1) / 1_000_001;
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function hear(samples: Int16Array, frame = 160): { readonly text: string; readonly durationsMs: readonly number[] } {
  let text = '';
  const durationsMs: number[] = [];
  const detector = new InbandDtmfDetector((digit, durationMs) => {
    text += digit;
    durationsMs.push(durationMs);
  });
  for (let at = 0; at < samples.length; at += frame) detector.process(samples.subarray(at, at + frame));
  return { text, durationsMs };
}

const ALL = '0123456789*#ABCD';

test.each([0, -10, -20, -27, -30])('all sixteen keys are heard at %i dBm0', (levelDbm0) => {
  expect(hear(dial(ALL, { levelDbm0 })).text).toBe(ALL);
});

test.each([-45, -55])('a tone of %i dBm0 is crosstalk and no key', (levelDbm0) => {
  expect(hear(dial(ALL, { levelDbm0 })).text).toBe('');
});

test.each([4, 6, -4, -8])('twist of %i dB is accepted', (twistDb) => {
  expect(hear(dial(ALL, { twistDb })).text).toBe(ALL);
});

test.each([14, -16])('twist of %i dB is no key', (twistDb) => {
  expect(hear(dial(ALL, { twistDb })).text).toBe('');
});

test.each([0.015, -0.015])('tones that are off by %f are accepted', (offBy) => {
  expect(hear(dial(ALL, { offBy })).text).toBe(ALL);
  expect(hear(dial(ALL, { offBy, levelDbm0: -25, twistDb: 4 })).text).toBe(ALL);
});

test.each([0.04, -0.04])('tones that are off by %f are none', (offBy) => {
  expect(hear(dial(ALL, { offBy })).text).toBe('');
});

test.each([15, 12])('keys are heard at a signal-to-noise ratio of %i dB', (snrDb) => {
  expect(hear(dial(ALL + ALL, { snrDb, levelDbm0: -15 })).text).toBe(ALL + ALL);
});

test('40 ms of tone are a key, with 40 ms of pause between the same one twice', () => {
  const { text, durationsMs } = hear(dial('1122334455', { toneMs: 40, pauseMs: 40 }));
  expect(text).toBe('1122334455');
  for (const durationMs of durationsMs) expect(Math.abs(durationMs - 40)).toBeLessThanOrEqual(10);
});

test('23 ms of tone are none', () => {
  expect(hear(dial(ALL, { toneMs: 23, pauseMs: 100 })).text).toBe('');
});

test('a gap of 10 ms in a tone makes no second key, and a long press is one', () => {
  const samples = dial('5', { toneMs: 400 });
  samples.fill(0, 400 * 8, 410 * 8);
  const { text, durationsMs } = hear(samples);
  expect(text).toBe('5');
  expect(Math.abs((durationsMs[0] ?? 0) - 400)).toBeLessThanOrEqual(15);
});

test('how the samples are cut into packets changes nothing', () => {
  const samples = dial(ALL, { toneMs: 45, pauseMs: 45 });
  for (const frame of [1, 37, 80, 480]) expect(hear(samples, frame)).toEqual(hear(samples));
});

test('dial tone, ringing, busy, fax and modem tones are no keys', () => {
  for (const frequencies of [[350, 440], [440, 480], [480, 620], [425], [1100], [2100], [1004], [697], [1209]]) {
    const samples = Int16Array.from({ length: 8000 }, (_, index) =>
      frequencies.reduce((sum, hz) => sum + 6000 * Math.sin((2 * Math.PI * hz * index) / 8000), 0),
    );
    expect(hear(samples).text, frequencies.join('+')).toBe('');
  }
});

/** At another speed, and so at another pitch. */
function atSpeed(samples: Int16Array, speed: number): Int16Array {
  return Int16Array.from({ length: Math.floor((samples.length - 1) / speed) }, (_, index) => {
    const at = Math.floor(index * speed);
    const share = index * speed - at;
    return Math.round((samples[at] ?? 0) * (1 - share) + (samples[at + 1] ?? 0) * share);
  });
}

test('speech is no key: minutes of it, at several pitches and levels', async () => {
  const { codes } = await agentText();
  const spoken = new Int16Array(codes.length);
  decodeMulaw(codes, spoken);
  let seconds = 0;
  for (const speed of [0.75, 0.85, 0.95, 1, 1.05, 1.15, 1.3, 1.5]) {
    for (const gain of [0.3, 3]) {
      const samples = atSpeed(spoken, speed).map((sample) => Math.max(-32_768, Math.min(32_767, sample * gain)));
      seconds += samples.length / 8000;
      expect(hear(samples).text, `speed ${speed}`).toBe('');
    }
  }
  expect(seconds).toBeGreaterThan(180);
});

test('a new source ends a press that is under way', () => {
  let text = '';
  const detector = new InbandDtmfDetector((digit) => {
    text += digit;
  });
  detector.process(dial('7', { toneMs: 300 }).subarray(0, 2400));
  expect(detector.pressed).toBe(true);
  detector.reset();
  expect(text).toBe('7');
  detector.process(new Int16Array(1600));
  expect(text).toBe('7');
});

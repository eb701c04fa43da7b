import { expect, test } from 'vitest';
import { phoneCodings } from '../../../src/media/codecs/phone-codec.js';
import type { BackgroundSound } from '../../../src/media/engine.js';
import { Background } from '../../../src/media/playout/background.js';
import { Playout } from '../../../src/media/playout/playout.js';
import { mixInto } from '../../../src/media/playout/sound-mix.js';

const constant = (value: number, samples = 800): BackgroundSound => ({
  samples: new Int16Array(samples).fill(value),
  sampleRate: 8000,
});

/** The next `packets` packets of 20 ms over silence. */
const heard = (background: Background, packets: number): Int16Array => {
  const samples = new Int16Array(packets * 160);
  for (let at = 0; at < samples.length; at += 160) background.mix(samples.subarray(at, at + 160));
  return samples;
};

const largestStep = (samples: Int16Array): number =>
  samples.reduce((largest, sample, index) => Math.max(largest, Math.abs(sample - (samples[index - 1] ?? 0))), 0);

test('a sound rises within 150 ms, goes on, and falls as gently', () => {
  const background = new Background(8000);
  expect(background.audible).toBe(false);
  background.set('ambient', constant(1200));
  const rise = heard(background, 10);
  expect(rise[0]).toBeLessThan(5);
  expect(rise.subarray(1200)).toEqual(new Int16Array(400).fill(1200));
  background.set('ambient', undefined);
  expect(background.audible).toBe(true);
  const fall = heard(background, 10);
  expect(fall.subarray(1200)).toEqual(new Int16Array(400));
  expect(largestStep(Int16Array.from([...rise, ...fall]))).toBeLessThan(5);
  expect(background.audible).toBe(false);
});

test('a sound is repeated without end, from its beginning', () => {
  const background = new Background(8000);
  background.set('foreground', { samples: Int16Array.from({ length: 100 }, (_, index) => index), sampleRate: 8000 });
  const samples = heard(background, 12).subarray(1280);
  expect([...samples.subarray(0, 30)]).toEqual(Array.from({ length: 30 }, (_, index) => (1280 + index) % 100));
});

test('one sound gives way to the next, which begins at its beginning', () => {
  const background = new Background(8000);
  background.set('foreground', constant(1000));
  const before = heard(background, 10);
  background.set('foreground', constant(-1000));
  const samples = heard(background, 20);
  expect(largestStep(Int16Array.from([...before, ...samples]))).toBeLessThan(5);
  expect(samples.at(-1)).toBe(-1000);
});

test('a sound that is set again goes on where it is', () => {
  const background = new Background(8000);
  const sound = { samples: Int16Array.from({ length: 8000 }, (_, index) => index), sampleRate: 8000 };
  background.set('ambient', sound);
  heard(background, 10);
  background.set('ambient', sound);
  expect(heard(background, 1)[0]).toBe(1600);
});

test('two layers are heard at once, and what is too loud is clipped', () => {
  const background = new Background(8000);
  background.set('ambient', constant(20_000));
  background.set('foreground', constant(20_000));
  expect(heard(background, 10).at(-1)).toBe(32_767);
  const samples = Int16Array.of(-30_000, 5);
  mixInto(samples, Int16Array.of(-30_000, -7));
  expect(samples).toEqual(Int16Array.of(-32_768, -2));
});

test('a sound of another rate is heard at its own pitch', () => {
  const background = new Background(8000);
  const samples = Int16Array.from(
    { length: 16_000 },
    (_, index) => 8000 * Math.sin((2 * Math.PI * 500 * index) / 16_000),
  );
  background.set('ambient', { samples, sampleRate: 16_000 });
  const later = heard(background, 60).subarray(1600);
  const crossings = later.filter((sample, index) => sample >= 0 && (later[index - 1] ?? 0) < 0).length;
  expect(crossings / (later.length / 8000)).toBeCloseTo(500, -1);
});

const setUp = () => {
  const playout = new Playout(phoneCodings.pcmu, () => undefined);
  const send = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, index) => {
      const packet = new Uint8Array(160);
      playout.fill(packet, index * 20);
      playout.report();
      return packet;
    });
  return { playout, send };
};

test('where nothing is mixed not one byte of the agent\u2019s speech is touched, also after something was', () => {
  const { playout, send } = setUp();
  // Every code, the second zero included, which no coder would choose.
  const speech = Uint8Array.from({ length: 16_000 }, (_, index) => (index * 7) & 0xff);
  playout.setBackground('ambient', constant(300));
  playout.setBackground('ambient', undefined);
  playout.play('a', speech);
  expect(Buffer.concat(send(50)).equals(speech.subarray(0, 8000))).toBe(true);
  playout.setBackground('ambient', constant(300));
  send(10);
  playout.setBackground('ambient', undefined);
  send(10);
  expect(Buffer.concat(send(10)).equals(speech.subarray(11_200, 12_800))).toBe(true);
});

test('a sound goes on through speech, pause and flush, and counts as nothing heard', () => {
  const events: string[] = [];
  const playout = new Playout(phoneCodings.pcmu, (event) => events.push(event.type));
  const send = (): number => {
    const packet = new Uint8Array(160);
    playout.fill(packet, 0);
    playout.report();
    const samples = new Int16Array(160);
    phoneCodings.pcmu.decode(packet, samples);
    return samples[159] ?? 0;
  };
  playout.setBackground('ambient', constant(1000));
  for (let packet = 0; packet < 10; packet += 1) send();
  expect(events).toEqual([]);
  playout.play('a', new Uint8Array(1600).fill(0x90));
  expect(send()).toBeGreaterThan(10_000);
  playout.pause();
  expect(send()).toBeCloseTo(1000, -2);
  expect(playout.playhead).toEqual({ responseId: 'a', heardMs: 20 });
  playout.doom();
  playout.flush(0);
  expect(send()).toBeCloseTo(1000, -2);
});

test('a sound is heard on where the phone changes to a codec of another rate', () => {
  const playout = new Playout(phoneCodings.pcmu, () => undefined);
  playout.setBackground('ambient', constant(1000));
  for (let packet = 0; packet < 10; packet += 1) playout.fill(new Uint8Array(160), 0);
  playout.setCoding(phoneCodings.g722);
  const samples = new Int16Array(320);
  for (let packet = 0; packet < 10; packet += 1) {
    const bytes = new Uint8Array(640);
    playout.fill(bytes, 0);
    phoneCodings.g722.decode(bytes, samples);
  }
  expect(samples[319]).toBeCloseTo(1000, -2);
});

import { expect, test } from 'vitest';
import { encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';
import { CallerFrames } from '../../../src/media/caller/caller-frames.js';
import { codeReader } from '../../../src/media/codecs/code-reader.js';
import { phoneCodings } from '../../../src/media/codecs/phone-codec.js';
import { AdaptiveJitterBuffer } from '../../../src/media/jitter/adaptive-jitter-buffer.js';
import { FrameScratch } from '../../../src/media/jitter/frame-scratch.js';
import type { JitterBuffer } from '../../../src/media/jitter/jitter-buffer.js';
import { SILENCE_AMPLITUDE, type VoiceDetector } from '../../../src/media/voice/vad.js';
import { SeededRandom } from '../../support/seeded-random.js';

for (const [name, encode] of [['pcmu', encodeMulaw] as const, ['pcma', encodeAlaw] as const]) {
  test(`a frame of ${name} is called silent where none of its samples is heard, invented and spliced ones included`, () => {
    const random = new SeededRandom(3);
    const told = { silent: 0, sounding: 0, unknown: 0 };
    const expectTold = (samples: Int16Array, silent: boolean | undefined): boolean => {
      if (silent === undefined) told.unknown += 1;
      else told[silent ? 'silent' : 'sounding'] += 1;
      const isSilent = samples.every((sample) => Math.abs(sample) <= SILENCE_AMPLITUDE);
      if (silent !== undefined && silent !== isSilent) throw new Error(`called silent: ${silent}`);
      return false;
    };
    const voice: VoiceDetector = {
      ...{ changed: undefined, speaking: false, stirring: false, speechMs: 0, onsetMsAgo: 0 },
      process: expectTold,
    };
    const buffer = new AdaptiveJitterBuffer({ minMs: 20, maxMs: 120, burstMs: 80 });
    buffer.use(codeReader);
    const ears = { audience: { onFrame: () => {} }, listener: { onEvent: () => {} } };
    const frames = new CallerFrames(buffer, voice, phoneCodings.pcmu, ears, new FrameScratch().heard);
    frames.setCoding(phoneCodings[name], false);
    const samples = new Int16Array(160);
    const codes = new Uint8Array(160);
    for (let index = 0; index < 2_000; index += 1) {
      // A stretch of tone, one of near-silence in which now and then a single sample is just loud enough.
      const sounding = index % 100 < 40;
      for (let i = 0; i < 160; i += 1) samples[i] = sounding ? 3_000 * Math.sin(i / 4) : i % 2 === 0 ? 8 : -8;
      if (random.integer(4) === 0) samples[random.integer(160)] = 24;
      encode(samples, codes);
      if (random.integer(20) > 0) buffer.put(1000 + index, index * 160, codes, 0, 160, index * 20 + random.integer(30));
      frames.deliver(index * 20 + 10, index * 20 + 10);
    }
    expect(told.silent).toBeGreaterThan(300);
    expect(told.sounding).toBeGreaterThan(300);
    expect(told.unknown).toBeGreaterThan(50);
  });
}

test('a silent frame that sound is spliced to is not called silent', () => {
  const data = new Uint8Array(160).fill(0xff);
  const known = new Uint8Array(160).fill(1);
  const frame = { data, words: new Int32Array(data.buffer), known, missingMs: 0, playing: true, receivedAtMs: 1 };
  const jitterBuffer: JitterBuffer = {
    ...{ use: () => {}, put: () => 'queued', reset: () => {}, discardedMs: 0 },
    take: (nowMs) => ({ ...frame, before: nowMs === 20 ? new Uint8Array(160).fill(0x10) : undefined }),
  };
  const called: (boolean | undefined)[] = [];
  const voice: VoiceDetector = {
    ...{ changed: undefined, speaking: false, stirring: false, speechMs: 0, onsetMsAgo: 0, reset: () => {} },
    process: (samples, silent) => {
      called.push(silent ?? samples.every((sample) => Math.abs(sample) <= SILENCE_AMPLITUDE));
      return false;
    },
  };
  const ears = { audience: { onFrame: () => {} }, listener: { onEvent: () => {} } };
  const frames = new CallerFrames(jitterBuffer, voice, phoneCodings.pcmu, ears, new FrameScratch().heard);
  for (const nowMs of [0, 20, 40]) frames.deliver(nowMs, nowMs);
  expect(called).toEqual([true, false, true]);
});

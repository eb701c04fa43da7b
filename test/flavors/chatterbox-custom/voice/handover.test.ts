import { expect, test } from 'vitest';
import { Handover } from '../../../../flavors/chatterbox-custom/voice/handover.js';
import { samplesOf } from '../../../../src/cascade/fail-over/piece-sound.js';
import { FakeClock } from '../../../support/fake-clock.js';

test.each([
  ['mulaw', 8_000, 0.04],
  ['alaw', 8_000, 0.04],
  ['pcm16', 16_000, 0],
] as const)('what is handed on in %s is the sound, a second at a time', (encoding, sampleRate, tolerance) => {
  const chunks: Uint8Array[] = [];
  const format = { encoding, sampleRate };
  const handover = new Handover(new FakeClock(), format, 500, (data) => void chunks.push(data));
  const said = Int16Array.from({ length: 2.5 * sampleRate }, (_, i) => Math.round(12_000 * Math.sin(i / 9)));
  handover.say(said);
  const bytesASecond = sampleRate * (encoding === 'pcm16' ? 2 : 1);
  expect(chunks.map(({ length }) => length)).toEqual([bytesASecond, bytesASecond, bytesASecond / 2]);
  const heard = samplesOf(Buffer.concat(chunks), format);
  expect(heard.length).toBe(said.length);
  const worst = said.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (heard[i] ?? 0))), 0);
  expect(worst).toBeLessThanOrEqual(12_000 * tolerance);
  expect(handover.aheadMs).toBe(2_500);
});

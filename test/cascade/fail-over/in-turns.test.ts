import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { failOverTextToSpeech } from '../../../src/cascade/fail-over/text-to-speech.js';
import { Aligner } from '../../../src/cascade/seam/align.js';
import { FrameReader } from '../../../src/cascade/seam/spectrum.js';
import { SpeechAligner } from '../../../src/heard/speech-alignment.js';
import { BusyClock } from '../../support/busy-clock.js';
import { FakeClock } from '../../support/fake-clock.js';
import { mulaw } from './scripted-voice.js';
import { SpokenVoice, soundOf } from './spoken-voice.js';

const text =
  'It reached the depot in Leicester during the night, where it was sorted and loaded on a van, and the balance of your ' +
  'account is four hundred and thirteen pounds, of which the next payment is due in March.';

/** What finding a place is made of, and about what it takes on a machine of 2026, ms. */
const work = [
  [Aligner.prototype, 'push', 0.03],
  [FrameReader.prototype, 'push', 0.1],
  [SpeechAligner.prototype, 'read', 1],
] as const;

beforeAll(async () => {
  for (const voice of ['slt', 'rms'] as const) await soundOf(text, voice);
});

afterEach(() => void vi.restoreAllMocks());

/** All that is heard of a voice that dies and of one that says everything in one message. */
async function hear(clock: FakeClock, diesAfterMs: number, cancelled?: () => boolean): Promise<Buffer> {
  const first = new SpokenVoice(clock, { voice: 'slt', speed: 6, diesAfterMs });
  const second = new SpokenVoice(clock, { voice: 'rms', speed: 1_000, messageMs: 60_000 });
  const voice = failOverTextToSpeech([first, second], { clock });
  const session = await voice.open({ output: mulaw }, new AbortController().signal);
  const utterance = session.begin();
  utterance.append(text);
  utterance.finish();
  const heard: Uint8Array[] = [];
  let over = false;
  void (async () => {
    for await (const event of utterance.events) {
      if (event.type === 'audio') heard.push(event.data.slice());
      over = event.type === 'end';
    }
  })();
  for (let step = 0; step < 3_000 && !over; step += 1) {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (cancelled?.()) utterance.cancel();
    }
    clock.advance(10);
  }
  session.close();
  return Buffer.concat(heard);
}

test.each([2_600, 7_800])(
  'a voice dies after %i ms: the place is looked for in turns, and is where it was',
  async (diesAfterMs) => {
    const atOnce = await hear(new FakeClock(), diesAfterMs);
    const clock = new BusyClock();
    for (const [part, method, eachMs] of work) clock.takes(part, method as never, eachMs);
    const stop = clock.watch();
    const inTurns = await hear(clock, diesAfterMs);
    stop();
    expect(inTurns.equals(atOnce)).toBe(true);
    expect(clock.busyMs).toBeGreaterThan(10);
    expect(clock.longestMs).toBeLessThan(4);
  },
);

test('once an utterance is cancelled nothing more is looked for', async () => {
  const clock = new BusyClock();
  for (const [part, method, eachMs] of work) clock.takes(part, method as never, eachMs);
  const all = await hear(clock, 7_800).then(() => clock.busyMs);
  const cut = await hear(clock, 7_800, () => clock.busyMs > all + 15).then(() => clock.busyMs - all);
  expect(cut).toBeLessThan(20);
  expect(all).toBeGreaterThan(30);
});

import { expect, test } from 'vitest';
import { failOverTextToSpeech } from '../../../src/cascade/fail-over/text-to-speech.js';
import type { TextToSpeechEvent } from '../../../src/cascade/stages/text-to-speech.js';
import { FakeClock } from '../../support/fake-clock.js';
import { lost, mulaw, ScriptedVoice } from './scripted-voice.js';
import { SpokenVoice, soundOf } from './spoken-voice.js';

const text = 'A haircut takes about three quarters of an hour.';

/** Says the text by engines of which the first is down. */
async function sayBy(slow: SpokenVoice, clock: FakeClock) {
  const down = new ScriptedVoice({ openError: lost });
  const voice = failOverTextToSpeech([down, slow], { clock });
  const session = await voice.open({ output: mulaw }, new AbortController().signal);
  const events: TextToSpeechEvent[] = [];
  for (let answer = 0; answer < 3; answer += 1) {
    const utterance = session.begin();
    utterance.append(text);
    utterance.finish();
    let over = false;
    void (async () => {
      for await (const event of utterance.events) events.push(event);
      over = true;
    })();
    for (let step = 0; step < 3_000 && !over; step += 1) {
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      clock.advance(10);
    }
  }
  session.close();
  const audio = events.flatMap((event) => (event.type === 'audio' ? [event.data] : []));
  return { ends: events.filter(({ type }) => type === 'end'), heard: Buffer.concat(audio).length };
}

test('a voice that takes its time is waited for where the other is known to be down: it answers as a whole', async () => {
  const bytes = await soundOf(text, 'slt');
  const clock = new FakeClock();
  const slow = new SpokenVoice(clock, { voice: 'slt', speed: 8, opensAfterMs: 2_500 });
  const { ends, heard } = await sayBy(slow, clock);
  const whole = { type: 'end', spokenPieces: 1 };
  expect(ends).toEqual([whole, whole, whole]);
  expect(heard).toBe(3 * bytes.length);
  // The one that is down is tried until that is known; what was asked of this one meanwhile is asked again.
  expect(slow.asked.length).toBeLessThanOrEqual(6);
});

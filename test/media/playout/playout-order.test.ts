import { expect, test } from 'vitest';
import { bytesPerMs } from '../../../src/flavor-api/index.js';
import { type PhoneCoding, phoneCodings } from '../../../src/media/codecs/phone-codec.js';
import type { StreamEvent } from '../../../src/media/engine.js';
import { Playout } from '../../../src/media/playout/playout.js';
import { SeededRandom } from '../../support/seeded-random.js';

const CALLS = 300;
const STEPS = 60;
const codings = Object.values(phoneCodings);

/** Commands in any order, a flush taking effect with the next packet; then everything ends. Returns what was told, by name. */
function playAnything(seed: number) {
  const random = new SeededRandom(seed);
  const events: StreamEvent[] = [];
  const playout = new Playout(phoneCodings.pcmu, (event) => events.push(event));
  const responses = new Set<string>();
  const marks: number[] = [];
  let coding: PhoneCoding = phoneCodings.pcmu;
  let flushed = false;
  let nowMs = 0;
  const send = (): Uint8Array => {
    if (flushed) playout.flush(nowMs);
    flushed = false;
    nowMs += 20;
    const packet = new Uint8Array(20 * bytesPerMs(coding.format)).fill(0x33);
    playout.fill(packet, nowMs);
    playout.settle(nowMs);
    playout.report();
    return packet;
  };
  const audio = (): Uint8Array => new Uint8Array(random.integer(700)).fill(0x10);
  const commands: readonly ((step: number, responseId: string) => void)[] = [
    (_, responseId) => playout.play(responseId, audio()),
    (_, responseId) => playout.play(responseId, audio()),
    (_, responseId) => playout.end(responseId),
    (_, responseId) => playout.interject(responseId, audio()),
    () => playout.pause(),
    () => playout.resume(),
    () => {
      playout.doom();
      flushed = true;
    },
    (step) => {
      playout.mark(step);
      marks.push(step);
    },
    () => {
      coding = codings[random.integer(codings.length)] ?? coding;
      playout.setCoding(coding);
    },
    send,
    send,
    send,
  ];
  for (let step = 0; step < STEPS; step += 1) {
    const command = random.integer(commands.length);
    const responseId = `${command === 3 ? 'bridge' : 'answer'} ${Math.floor(step / 10) + random.integer(3)}`;
    if (command < 4) responses.add(responseId);
    commands[command]?.(step, responseId);
  }
  for (const responseId of responses) playout.end(responseId);
  playout.resume();
  for (let packet = 0; packet < 300; packet += 1) send();
  return { events, responses, marks, playout, silence: coding.silence, last: send() };
}

test('whatever is commanded, in whatever order, every response ends once, every mark is reached, and silence comes', () => {
  for (let seed = 0; seed < CALLS; seed += 1) {
    const { events, responses, marks, playout, silence, last } = playAnything(seed);
    const named = (type: StreamEvent['type']): string[] =>
      events.flatMap((event) => (event.type === type && 'responseId' in event ? [event.responseId] : []));
    expect(named('response-ended').sort(), `seed ${seed}`).toEqual([...responses].sort());
    expect(new Set(named('response-started')).size, `seed ${seed}`).toBe(named('response-started').length);
    const reached = events.flatMap((event) => (event.type === 'ack' ? [event.sequence] : []));
    expect(reached, `seed ${seed}`).toEqual(marks);
    expect(playout.queuedMs, `seed ${seed}`).toBe(0);
    expect(
      last.every((byte) => byte === silence),
      `seed ${seed}`,
    ).toBe(true);
  }
});

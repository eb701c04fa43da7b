import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createConnector } from '../../src/connector.js';
import { CallWatch } from '../../src/demo/call-watch.js';
import { startCalledPhone } from '../../src/demo/called-phone.js';
import { holdMusic } from '../../src/demo/hold-music.js';
import { startOutcomeDesk } from '../../src/demo/outcome-desk.js';
import { assistantConfig } from '../../src/demo/scenarios/assistant.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { loadGood } from '../config/load-text.js';
import { scriptOf, startFakeOpenAiRealtime, toneVoice } from '../fakes/openai-realtime/index.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const outcome = { outcome: 'booked', day: 'Friday', time: '15:30' };

/** In the order of the call; the salon's words are sounds here, which the model takes for what comes next. */
const script = scriptOf([
  { caller: 'For bookings press two.', reply: { toolCalls: [{ name: 'send_dtmf', arguments: { digits: '2' } }] } },
  { caller: 'music', reply: { toolCalls: [{ name: 'stay_silent', arguments: {} }] } },
  { caller: 'Good morning.', reply: 'A haircut.' },
  {
    caller: 'Booked.',
    reply: {
      text: 'Goodbye.',
      toolCalls: [
        { name: 'report_outcome', arguments: outcome },
        { name: 'hang_up', arguments: {} },
      ],
    },
  },
]);

test('an assistant rings a salon: a key for the menu, nothing to the music, a wish, a report, a goodbye, and hangs up', async () => {
  const clock = createSystemClock();
  await using fake = await startFakeOpenAiRealtime({ script, synthesise: toneVoice, transcriptDelayMs: 20 });
  await using desk = await startOutcomeDesk();
  await using phone = await startCalledPhone(clock, 20);
  const section = `    use: openai-realtime
    apiKey: none
    url: ${fake.url}
    turnDetection: { type: server_vad, silenceDurationMs: 1000 }
`;
  const { config } = await loadGood(`signaling: { embedded: { listen: ["udp:127.0.0.1:0"] } }
media: { bind: 127.0.0.1, portRestSeconds: 0 }
admin: { listen: "127.0.0.1:0", token: a-token-for-this-test-alone }
cdr: { path: ${join(temporaryDirectory(), 'cdr.jsonl')}, include: [transcript] }
${assistantConfig(section, phone.port, desk.url)}`);
  const connector = createConnector(config);
  onTestFinished(() => connector.stop());
  const watch = new CallWatch(clock);
  const events: CallEvent[] = [];
  let finish = (_record: CallRecord): void => {};
  const ended = new Promise<CallRecord>((resolve) => {
    finish = resolve;
  });
  connector.onEvent((event) => {
    events.push(event);
    watch.onEvent(event);
    if (event.type === 'call-ended') finish(event.record);
  });
  await connector.start();

  const begun = await connector.dial({
    to: '+44 20 7946 0000',
    route: 'assistant',
    variables: { owner: 'Alice Brown' },
  });
  const call = await phone.answered(ended);
  if (!begun.ok || !call) throw new Error('there was no call');
  // A machine that stalls for longer than the silence that ends a turn would make two turns of one.
  const says = (): Promise<void> => call.say(holdMusic(400));
  const over = call.ended;

  await says();
  expect(await Promise.race([phone.pressed, over])).toBe('2');
  expect(await watch.until(({ tools }) => tools === 1, over)).toBe(true);
  await says();
  expect(await watch.until(({ tools }) => tools === 2, over)).toBe(true);
  // Up to here nobody has heard a word of the agent's: no greeting, nothing about the key, nothing to the music.
  expect(watch.seen.starts).toBe(0);
  expect(fake.timeline.responses.map(({ text }) => text).filter(Boolean)).toEqual([]);
  await says();
  expect(await watch.until(({ starts, speaking }) => starts === 1 && !speaking, over)).toBe(true);
  await says();

  const record = await ended;
  expect(record).toMatchObject({
    id: begun.id,
    direction: 'outbound',
    endedBy: 'agent',
    cause: { text: 'normal' },
    error: null,
  });
  expect(record.tools.map(({ name, ok }) => `${name} ${ok}`).sort()).toEqual([
    'hang_up true',
    'report_outcome true',
    'send_dtmf true',
    'stay_silent true',
  ]);
  expect(record.transcript?.filter(({ role }) => role === 'agent').map(({ text }) => text)).toEqual([
    'A haircut.',
    'Goodbye.',
  ]);
  expect(JSON.parse(desk.report ?? '')).toMatchObject({ call: { id: begun.id }, arguments: outcome });
});

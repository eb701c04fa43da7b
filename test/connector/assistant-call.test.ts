import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createConnector } from '../../src/connector.js';
import { CallWatch } from '../../src/demo/call-watch.js';
import { startCalledPhone } from '../../src/demo/called-phone.js';
import { holdMusic } from '../../src/demo/hold-music.js';
import { startOutcomeDesk } from '../../src/demo/outcome-desk.js';
import { assistantConfig } from '../../src/demo/scenarios/assistant.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { loadGood } from '../config/load-text.js';
import { type Script, scriptOf, startFakeOpenAiRealtime, toneVoice } from '../fakes/openai-realtime/index.js';
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

/** The assistant rings a phone of the test's, which has answered. `change`: what is different about its configuration. */
async function ring(script: Script, change = (text: string): string => text) {
  const clock = createSystemClock();
  const fake = await startFakeOpenAiRealtime({ script, synthesise: toneVoice, transcriptDelayMs: 20 });
  const desk = await startOutcomeDesk();
  const phone = await startCalledPhone(clock, 20);
  onTestFinished(async () => {
    for (const part of [phone, desk, fake]) await part[Symbol.asyncDispose]();
  });
  const section = `    use: openai-realtime
    apiKey: none
    url: ${fake.url}
    turnDetection: { type: server_vad, silenceDurationMs: 1000 }
`;
  const { config } = await loadGood(`signaling: { embedded: { listen: ["udp:127.0.0.1:0"] } }
media: { bind: 127.0.0.1, portRestSeconds: 0 }
admin: { listen: "127.0.0.1:0", token: a-token-for-this-test-alone }
cdr: { path: ${join(temporaryDirectory(), 'cdr.jsonl')}, include: [transcript] }
${change(assistantConfig(section, phone.port, desk.url))}`);
  const connector = createConnector(config);
  onTestFinished(() => connector.stop());
  const watch = new CallWatch(clock);
  let finish = (_record: CallRecord): void => {};
  const ended = new Promise<CallRecord>((resolve) => {
    finish = resolve;
  });
  connector.onEvent((event) => {
    watch.onEvent(event);
    if (event.type === 'call-ended') finish(event.record);
  });
  await connector.start();
  const variables = { owner: 'Alice Brown' };
  const begun = await connector.dial({ to: '+44 20 7946 0000', route: 'assistant', variables });
  const call = await phone.answered(ended);
  if (!begun.ok || !call) throw new Error('there was no call');
  return { id: begun.id, fake, desk, phone, watch, call, ended };
}

const agentLines = (record: CallRecord): readonly string[] =>
  (record.transcript ?? []).filter(({ role }) => role === 'agent').map(({ text }) => text);

test('an assistant rings a salon: a key for the menu, nothing to the music, a wish, a report, a goodbye, and hangs up', async () => {
  const { id, fake, desk, phone, watch, call, ended } = await ring(script);
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
    id: id,
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
  expect(agentLines(record)).toEqual(['A haircut.', 'Goodbye.']);
  expect(JSON.parse(desk.report ?? '')).toMatchObject({ call: { id }, arguments: outcome });
});

const notReached = { outcome: 'not_reached' };
const reportsAndLeaves = [
  { name: 'report_outcome', arguments: notReached },
  { name: 'hang_up', arguments: {} },
];

test('an answering machine: the assistant reports that and hangs up without a word', async () => {
  const { id, desk, call, ended } = await ring(scriptOf([{ reply: { toolCalls: reportsAndLeaves } }]));
  await call.say(holdMusic(400));
  const record = await ended;
  expect(record).toMatchObject({ endedBy: 'agent', cause: { text: 'normal' }, error: null });
  expect(agentLines(record)).toEqual([]);
  expect(JSON.parse(desk.report ?? '')).toMatchObject({ call: { id }, arguments: notReached });
});

test('another, for which it waits until the tone, and leaves a message', async () => {
  const silent = { toolCalls: [{ name: 'stay_silent', arguments: {} }] };
  const message = { text: 'Please call Alice Brown.', toolCalls: reportsAndLeaves };
  const { desk, watch, call, ended } = await ring(scriptOf([{ reply: silent }, { reply: message }]));
  await call.say(holdMusic(400));
  expect(await watch.until(({ tools }) => tools === 1, call.ended)).toBe(true);
  expect(watch.seen.starts).toBe(0);
  await call.say(Int16Array.from({ length: 4_000 }, (_, at) => 8_000 * Math.sin((2 * Math.PI * 1_000 * at) / 8_000)));
  const record = await ended;
  expect(record).toMatchObject({ endedBy: 'agent', cause: { text: 'normal' }, error: null });
  expect(agentLines(record)).toEqual([message.text]);
  expect(record.tools.map(({ name, ok }) => `${name} ${ok}`).sort()).toEqual([
    'hang_up true',
    'report_outcome true',
    'stay_silent true',
  ]);
  expect(JSON.parse(desk.report ?? '')).toMatchObject({ arguments: notReached });
});

test('nobody speaks: the assistant is told so, reports it, and the call ends for the silence', async () => {
  const told: string[] = [];
  const script: Script = () => ({
    guess: () => '',
    reply: ({ instructions }) => {
      told.push(instructions);
      return { text: 'Goodbye.', toolCalls: reportsAndLeaves };
    },
  });
  const quickly = (text: string): string => text.replace('endSeconds: 240', 'endSeconds: 0.5');
  const { desk, ended } = await ring(script, quickly);
  const record = await ended;
  expect(record).toMatchObject({ endedBy: 'connector', cause: { text: 'silence' }, error: null });
  expect(told[0]).toContain('Nobody has spoken');
  expect(agentLines(record)).toEqual(['Goodbye.']);
  expect(JSON.parse(desk.report ?? '')).toMatchObject({ arguments: notReached });
});

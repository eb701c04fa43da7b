import { afterEach, expect, test } from 'vitest';
import { agentConfigSchema } from '../../../flavors/deepgram-agent/config.js';
import agent from '../../../flavors/deepgram-agent/index.js';
import type { CallContext, FlavorEvent, FlavorSession } from '../../../src/flavor-api/index.js';
import { encodeAudio } from '../../fakes/deepgram/audio-format.js';
import type { FakeDeepgram, FakeDeepgramOptions } from '../../fakes/deepgram/index.js';
import { mulaw } from '../../fakes/deepgram/raw-client.js';
import { eventually, useScene } from '../../fakes/deepgram/scene.js';
import { type Reply, type Script, toneVoice } from '../../fakes/openai-realtime/index.js';
import { memberAt } from '../../fakes/openai-realtime/json-value.js';
import { contextOf } from '../openai-realtime/call.js';

const { start } = useScene();
const calls: AbortController[] = [];
afterEach(() => {
  for (const call of calls.splice(0)) call.abort();
});

const line = 'Where is my order';

/** An agent that answers everything in the same way. */
function says(reply: Reply, afterTools: Reply = { text: 'Done.' }): Script {
  return () => ({ guess: () => '', reply: ({ cause }) => (cause === 'tool-result' ? afterTools : reply) });
}

interface TestCall {
  readonly fake: FakeDeepgram;
  readonly session: FlavorSession;
  readonly events: FlavorEvent[];
  /** What the session knows of its call. */
  readonly known: CallContext;
  /** Says the line, and is silent. */
  speak(): Promise<void>;
  /** Words of the agent, one text a response. */
  spoken(): readonly string[];
}

async function call(
  options: Partial<FakeDeepgramOptions> = {},
  config: object = {},
  context: Partial<CallContext> = {},
): Promise<TestCall> {
  const fake = await start({ lines: [line], script: says({ text: 'On its way.' }), ...options });
  const controller = new AbortController();
  calls.push(controller);
  const flavor = await agent.create(
    agentConfigSchema.parse({ apiKey: 'key', url: fake.url, greeting: '', ...config }),
    {
      log: contextOf().log,
      now: () => performance.now(),
    },
  );
  const known = contextOf({ signal: controller.signal, ...context });
  const session = await flavor.open(known);
  const events: FlavorEvent[] = [];
  void (async () => {
    for await (const event of session.events) events.push(event);
  })();
  let positionMs = 0;
  return {
    fake,
    session,
    events,
    known,
    async speak() {
      const { pcm, sampleRate } = await toneVoice(line);
      const padded = new Int16Array(pcm.length + sampleRate);
      padded.set(pcm);
      const bytes = encodeAudio(padded, sampleRate, mulaw);
      for (let at = 0; at + 160 <= bytes.length; at += 160) {
        session.write({ data: bytes.subarray(at, at + 160), positionMs, concealed: false });
        positionMs += 20;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    spoken() {
      const texts = new Map<string, string>();
      for (const event of events) {
        if (event.type === 'text') texts.set(event.responseId, (texts.get(event.responseId) ?? '') + event.text);
      }
      return [...texts.values()];
    },
  };
}

function told(fake: FakeDeepgram, type: string): readonly Readonly<Record<string, unknown>>[] {
  return fake.timeline.connections.flatMap(({ messages }) => messages.filter((each) => each['type'] === type));
}

test('Settings go first and no audio before they were taken', async () => {
  const { fake, speak } = await call({}, { listen: { keyterms: ['Acme'] }, speak: { speed: 1.1 }, tags: ['desk'] });
  await speak();
  await eventually(() => fake.timeline.connections[0]?.audioMs).toBeGreaterThan(1_000);
  expect(fake.timeline.connections).toHaveLength(1);
  expect(fake.timeline.connections[0]?.messages[0]).toEqual({
    type: 'Settings',
    tags: ['desk'],
    flags: { history: false },
    audio: {
      input: { encoding: 'mulaw', sample_rate: 8000 },
      output: { encoding: 'mulaw', sample_rate: 8000, container: 'none' },
    },
    agent: {
      listen: { provider: { type: 'deepgram', model: 'flux-general-en', version: 'v2', keyterms: ['Acme'] } },
      think: { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, prompt: expect.stringContaining('friendly agent') },
      speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en', speed: 1.1 } },
    },
  });
});

test('the greeting is made while the phone rings, and heard from the start on', async () => {
  const { fake, session, events, spoken } = await call({}, { greeting: 'Hello there. How are you?' });
  await eventually(() => fake.timeline.speeches.at(-1)?.doneAtMs).toBeDefined();
  expect(events.filter(({ type }) => type === 'audio' || type === 'text')).toEqual([]);
  session.start();
  await eventually(spoken).toEqual(['Hello there. How are you?']);
  await eventually(() => events.at(-1)).toEqual({ type: 'audio-done', responseId: 'speech-1' });
});

test('a turn: onset, transcript, answer', async () => {
  const { session, events, speak, spoken } = await call();
  session.start();
  await speak();
  await eventually(spoken).toEqual(['On its way.']);
  await eventually(() => events.at(-1)?.type).toBe('audio-done');
  const types = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
  expect(types).toEqual(['speech-started', 'transcript', 'text', 'audio', 'audio-done']);
  expect(events.find(({ type }) => type === 'transcript')).toMatchObject({ role: 'caller', text: line, final: true });
});

test('what comes after the caller began to speak is not passed on', async () => {
  const { fake, session, events, speak } = await call({
    audioRate: 2,
    script: says({ text: 'A very long story about orders.' }),
  });
  session.start();
  fake.fail('late-audio');
  await speak();
  await eventually(() => events.some(({ type }) => type === 'audio')).toBe(true);
  await speak();
  await eventually(() => events.filter(({ type }) => type === 'speech-started').length).toBe(2);
  const at = events.findLastIndex(({ type }) => type === 'speech-started');
  const next = events.findIndex(({ type }, index) => index > at && type === 'transcript');
  expect(events.slice(at, next < 0 ? undefined : next).filter(({ type }) => type === 'audio')).toEqual([]);
});

test('functions are called with their arguments parsed, and one answer follows all results', async () => {
  const calls = [
    { name: 'look_up', arguments: { order: 7 } },
    { name: 'look_up', arguments: { order: 8 } },
  ];
  const tools = [{ name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } }];
  const { fake, session, events, speak, spoken } = await call({ script: says({ toolCalls: calls }) }, {}, { tools });
  session.start();
  await speak();
  const made = (): readonly FlavorEvent[] => events.filter(({ type }) => type === 'tool-call');
  await eventually(() => made().length).toBe(2);
  expect(made()).toMatchObject([{ arguments: { order: 7 } }, { arguments: { order: 8 } }]);
  for (const event of made()) {
    if (event.type === 'tool-call') session.onToolResult({ id: event.id, output: { state: 'sent' }, reply: true });
  }
  await eventually(spoken).toEqual(['Done.']);
  expect(told(fake, 'FunctionCallResponse').map(({ content }) => content)).toEqual([
    '{"state":"sent"}',
    '{"state":"sent"}',
  ]);
  expect(memberAt(told(fake, 'Settings')[0], ['agent', 'think', 'functions', 0])).toEqual(tools[0]);
});

test('a goodbye beside a call is heard, and what is said about its result is not', async () => {
  const goodbye = { text: 'Thank you. Goodbye.', toolCalls: [{ name: 'hang_up', arguments: {} }] };
  const { fake, session, events, speak, spoken } = await call({ script: says(goodbye, { text: 'I hung up.' }) });
  session.start();
  await speak();
  await eventually(() => events.some(({ type }) => type === 'tool-call')).toBe(true);
  const made = events.find(({ type }) => type === 'tool-call');
  expect(made).toMatchObject({ responseId: 'speech-1' });
  if (made?.type === 'tool-call') session.onToolResult({ id: made.id, output: 'done', reply: false });
  await eventually(() => fake.timeline.speeches.at(-1)).toMatchObject({ text: 'I hung up.' });
  await eventually(() => fake.timeline.speeches.at(-1)?.doneAtMs).toBeDefined();
  expect(spoken()).toEqual(['Thank you. Goodbye.']);
});

test('arguments that are no JSON are answered at once', async () => {
  const { fake, session, events, speak } = await call({
    script: says({ toolCalls: [{ name: 'f', arguments: '{"a":' }] }),
  });
  session.start();
  await speak();
  await eventually(() => told(fake, 'FunctionCallResponse').length).toBe(1);
  expect(events.some(({ type }) => type === 'tool-call')).toBe(false);
  expect(events.find(({ type }) => type === 'warning')).toMatchObject({ error: { code: 'ERR_FLAVOR_PROTOCOL' } });
});

test('exact words are injected behind what the agent says', async () => {
  const { fake, session, spoken } = await call({ audioRate: 8 }, { greeting: 'Hello there, how are you?' });
  session.start();
  session.speak({ text: 'One moment please.' });
  await eventually(() => told(fake, 'InjectAgentMessage')).toEqual([
    { type: 'InjectAgentMessage', message: 'One moment please.', behavior: 'queue' },
  ]);
  await eventually(() => spoken().at(-1)).toContain('One moment please.');
});

test('keys go to the agent as words, and are no turn of the caller', async () => {
  const { fake, session, events, spoken } = await call({}, { digitPauseMs: 200 });
  session.start();
  session.onDtmf('1');
  session.onDtmf('2#');
  await eventually(spoken).toEqual(['On its way.']);
  expect(told(fake, 'InjectUserMessage')).toMatchObject([{ content: 'I pressed these keys on my phone: 12#' }]);
  expect(events.some(({ type }) => type === 'transcript')).toBe(false);
});

test('instructions, context and tools change in mid-call', async () => {
  const { fake, session } = await call({}, { instructions: 'Be brief.' });
  await session.update({ instructions: 'Be kind.' });
  await session.update({ context: 'It rains.' });
  await session.update({ tools: [{ name: 'f', description: 'd', parameters: {} }] });
  await eventually(() => told(fake, 'UpdateThink').length).toBe(1);
  expect(told(fake, 'UpdatePrompt').map(({ prompt }) => prompt)).toEqual(['Be kind.', 'Be kind.\n\nIt rains.']);
  expect(memberAt(told(fake, 'UpdateThink')[0], ['think'])).toMatchObject({
    prompt: 'Be kind.\n\nIt rains.',
    functions: [{ name: 'f' }],
  });
});

test('a lost connection is replaced by one that knows what was heard, and greets nobody', async () => {
  const history: CallContext['history'] = [
    { role: 'caller', turnId: 't', text: 'Hello.' },
    { role: 'agent', responseId: 'r', text: 'Hello there, caller.', heardText: 'Hello there,', interrupted: true },
    { role: 'tool', id: 'x', name: 'look_up', arguments: { order: 7 }, output: 'sent' },
  ];
  const { fake, session, events, speak, spoken } = await call({}, { greeting: 'Hi.' }, { history });
  session.start();
  await eventually(spoken).toEqual(['Hi.']);
  fake.drop();
  await eventually(() => told(fake, 'Settings').length).toBe(2);
  const [, second] = told(fake, 'Settings');
  expect(memberAt(second, ['agent', 'greeting'])).toBeUndefined();
  expect(memberAt(second, ['agent', 'context', 'messages'])).toEqual([
    { type: 'History', role: 'user', content: 'Hello.' },
    { type: 'History', role: 'assistant', content: 'Hello there,' },
    {
      type: 'History',
      function_calls: [{ id: 'x', name: 'look_up', client_side: true, arguments: '{"order":7}', response: 'sent' }],
    },
  ]);
  await speak();
  await eventually(() => spoken().at(-1)).toBe('On its way.');
  expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
});

test('of a call that was taken over, a later connection knows what was said since', async () => {
  const { fake, session, known } = await call({}, {}, { history: [{ role: 'caller', turnId: 't', text: 'Hello.' }] });
  session.start();
  const later = { role: 'caller', turnId: 'u', text: 'Where is my order?' } as const;
  Object.assign(known, { history: [...known.history, later] });
  fake.drop();
  await eventually(() => told(fake, 'Settings').length).toBe(2);
  expect(memberAt(told(fake, 'Settings')[1], ['agent', 'context', 'messages'])).toMatchObject([
    { content: 'Hello.' },
    { content: 'Where is my order?' },
  ]);
});

test('an answer that a lost connection owed is given by the next', async () => {
  const { fake, session, speak, spoken } = await call({ script: says({ text: 'On its way.', delayMs: 1_000 }) });
  session.start();
  await speak();
  await eventually(() => fake.timeline.requests.length).toBe(1);
  fake.drop();
  await eventually(spoken).toEqual(['On its way.']);
  expect(told(fake, 'InjectUserMessage')).toMatchObject([{ content: line }]);
});

test.each([
  ['upgrade-401', 'ERR_FLAVOR_AUTH'],
  ['upgrade-402', 'ERR_FLAVOR_QUOTA'],
  ['upgrade-429', 'ERR_FLAVOR_QUOTA'],
  ['upgrade-503', 'ERR_FLAVOR_NETWORK'],
  ['silent', 'ERR_FLAVOR_TIMEOUT'],
] as const)('%s is %s, before the call is answered', async (fault, code) => {
  const fake = await start();
  fake.fail(fault);
  const config = agentConfigSchema.parse({ apiKey: 'key', url: fake.url, connectTimeoutMs: 300 });
  const flavor = await agent.create(config, { log: contextOf().log, now: () => performance.now() });
  await expect(flavor.open(contextOf())).rejects.toMatchObject({ code });
  await expect(flavor.check(new AbortController().signal)).rejects.toMatchObject({ code });
  fake.recover();
  // A busy machine may need more than the time it is given here: once is enough.
  await eventually(() => flavor.check(new AbortController().signal).catch((error: unknown) => error)).toBeUndefined();
  await eventually(() => fake.connections()).toBe(0);
});

test('a model that fails is the end of the connection, and of the call when it goes on failing', async () => {
  const { fake, session, events, speak } = await call({}, { reconnect: { attempts: 2, firstDelayMs: 0 } });
  session.start();
  fake.fail('think-failed');
  await speak();
  await eventually(() => events.at(-1)).toMatchObject({
    type: 'end',
    reason: 'failed',
    error: { code: 'ERR_FLAVOR_NETWORK', message: expect.stringContaining('FAILED_TO_THINK') },
  });
});

test('on hold the connection is kept, and the time connected is what is charged', async () => {
  const { fake, session, events } = await call({ idleMs: 7_000 });
  session.start();
  await eventually(() => told(fake, 'KeepAlive').length).toBe(1);
  calls.at(-1)?.abort();
  await eventually(() => events.at(-1)).toEqual({ type: 'end', reason: 'aborted' });
  const usage = events.find(({ type }) => type === 'usage');
  expect(usage).toMatchObject({ provider: 'deepgram', model: 'voice-agent', unit: 'audio-ms' });
});

test('who asks for a standby is told what does that', () => {
  const { error } = agentConfigSchema.safeParse({ apiKey: 'key', standby: { tts: [] } });
  expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining('`onFailure`')]);
  expect(agentConfigSchema.safeParse({ apiKey: 'key', speek: {} }).error?.issues[0]?.message).toMatch(/Unrecognized/u);
});

import { expect, test } from 'vitest';
import { agentConfigSchema } from '../../../flavors/deepgram-agent/config.js';
import { Line } from '../../../flavors/deepgram-agent/line.js';
import { AgentSession } from '../../../flavors/deepgram-agent/session.js';
import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { SharedTls } from '../../../src/cascade/engines/shared/shared-tls.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { eventually } from '../../fakes/deepgram/scene.js';
import { memberAt } from '../../fakes/openai-realtime/json-value.js';
import { FakeClock } from '../../support/fake-clock.js';
import { contextOf } from '../openai-realtime/call.js';
import { callOf, open, Peer } from './peer.js';

test('a greeting of which nothing has come when the connection breaks is made by the next', async () => {
  const peer = await new Peer().listen();
  await callOf(peer, { greeting: 'Hello there.' });
  peer.say({ type: 'AgentStartedSpeaking' });
  peer.sockets[0]?.terminate();
  await eventually(() => peer.ofType('Settings').map((each) => memberAt(each, ['agent', 'greeting']))).toEqual([
    'Hello there.',
    'Hello there.',
  ]);
  await eventually(() => peer.sockets.length).toBe(2);
  // There are no words of a caller's that could be given again.
  expect(peer.ofType('InjectUserMessage')).toEqual([]);
});

/** A line by itself, whose connections stand for as long as the test says. */
class LoneLine {
  readonly failed: FlavorError[] = [];
  ready = 0;
  readonly #line: Line;
  #nowMs = 0;

  constructor({ url }: Peer, attempts: number, answerTimeoutMs: number) {
    const reconnect = { attempts, firstDelayMs: 10 };
    const config = agentConfigSchema.parse({ apiKey: 'key', url, answerTimeoutMs, reconnect });
    const nothing = (): void => undefined;
    const handlers = {
      settings: () => ({ type: 'Settings' }),
      onMessage: nothing,
      onAudio: nothing,
      onWarning: nothing,
      onLost: nothing,
      onReady: () => {
        this.ready += 1;
      },
      onFailed: (error: FlavorError) => this.failed.push(error),
    };
    const clock = { ...createSystemClock(), now: () => this.#nowMs };
    this.#line = new Line(config, handlers, { clock, random: createSystemRandom(), tls: new SharedTls() });
    open.push(this.#line);
  }

  /** One connection after the other, each given up after it has stood for so long. */
  async loseAll(connections: number, stoodMs: number): Promise<void> {
    await this.#line.open(new AbortController().signal);
    for (let connection = 1; connection <= connections; connection += 1) {
      await eventually(() => this.ready).toBe(connection);
      this.#nowMs += stoodMs;
      this.#line.giveUp(new FlavorError('ERR_FLAVOR_TIMEOUT', 'no answer', true));
    }
  }
}

test('an agent that never answers is given up after so many attempts, however long each is waited for', async () => {
  const line = new LoneLine(await new Peer().listen(), 2, 30_000);
  await line.loseAll(3, 30_000);
  await eventually(() => line.failed.length).toBe(1);
});

test('after a connection that stood for long, there are as many attempts again', async () => {
  const line = new LoneLine(await new Peer().listen(), 1, 5_000);
  await line.loseAll(4, 20_000);
  await eventually(() => line.ready).toBe(5);
  expect(line.failed).toEqual([]);
});

test('settings that change while the next connection takes the old ones reach it', async () => {
  const peer = await new Peer().listen();
  const { session } = await callOf(peer);
  peer.takes = false;
  peer.sockets[0]?.terminate();
  await eventually(() => peer.ofType('Settings').length).toBe(2);
  await session.update({ instructions: 'Be thorough.' });
  peer.say({ type: 'SettingsApplied' });
  await eventually(() => peer.told[1]?.map(({ type }) => type)).toEqual(['Settings', 'UpdateThink']);
  expect(memberAt(peer.told[1]?.[1], ['think', 'prompt'])).toBe('Be thorough.');
});

test('a result of a call that the caller spoke into is told as news, and nothing is waited for in silence', async () => {
  const peer = await new Peer().listen();
  const { session, events } = await callOf(peer);
  const call = (id: string): object => ({ id, name: 'look_up', arguments: '{}', client_side: true });
  peer.say({ type: 'FunctionCallRequest', functions: [call('a'), call('b')] });
  await eventually(() => events.filter(({ type }) => type === 'tool-call').length).toBe(2);
  peer.say({ type: 'UserStartedSpeaking' });
  const cancelled = ['a', 'b'].map((id) => ({ id, name: 'look_up' }));
  peer.say({ type: 'FunctionCallCancelled', functions: cancelled });
  await eventually(() => events.some(({ type }) => type === 'speech-started')).toBe(true);
  peer.say({ type: 'FunctionCallRequest', functions: [call('c')] });
  await eventually(() => events.filter(({ type }) => type === 'tool-call').length).toBe(3);
  session.onToolResult({ id: 'a', output: 'sent', reply: true });
  session.onToolResult({ id: 'b', output: 'kept', reply: false });
  session.onToolResult({ id: 'c', output: 'done', reply: true });
  await eventually(() => peer.ofType('FunctionCallResponse')).toMatchObject([{ id: 'c' }]);
  expect(peer.ofType('InjectUserMessage').map(({ content }) => content)).toEqual([
    expect.stringContaining('the tool look_up, which you called before, returned sent'),
  ]);
  expect(events.some(({ type }) => type === 'warning')).toBe(false);
});

test('a cancelled call whose result wants no reply does not silence the agent', async () => {
  const peer = await new Peer().listen();
  const { session, events } = await callOf(peer);
  peer.say({ type: 'FunctionCallRequest', functions: [{ id: 'a', name: 'f', arguments: '{}', client_side: true }] });
  peer.say({ type: 'UserStartedSpeaking' });
  peer.say({ type: 'FunctionCallCancelled', functions: [{ id: 'a', name: 'f' }] });
  await eventually(() => events.some(({ type }) => type === 'speech-started')).toBe(true);
  session.onToolResult({ id: 'a', output: 'done', reply: false });
  peer.say({ type: 'AgentThinking', content: '' });
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'Go on.' });
  await eventually(() => events.some((event) => event.type === 'text' && event.text === 'Go on.')).toBe(true);
});

test('of additions to the context the agent is told the last fifty', async () => {
  const peer = await new Peer().listen();
  const { session } = await callOf(peer);
  for (let word = 0; word < 60; word += 1) await session.update({ context: `Context ${word}.` });
  await eventually(() => peer.ofType('UpdatePrompt').length).toBe(60);
  const contexts = Array.from({ length: 50 }, (_, at) => `Context ${at + 10}.`);
  expect(peer.ofType('UpdatePrompt').at(-1)?.['prompt']).toBe(['Be brief.', ...contexts].join('\n\n'));
});

test('an agent that does not answer in time is given up, and the next is given the words again', async () => {
  const peer = await new Peer().listen();
  const clock = new FakeClock();
  const config = agentConfigSchema.parse({ apiKey: 'key', url: peer.url, greeting: '', answerTimeoutMs: 5_000 });
  const controller = new AbortController();
  open.push({ close: () => controller.abort() });
  const call = contextOf({ signal: controller.signal });
  const deps = { clock, random: createSystemRandom(), tls: new SharedTls() };
  const session = await new AgentSession(config, call, deps).open();
  const warnings: string[] = [];
  void (async () => {
    for await (const event of session.events) if (event.type === 'warning') warnings.push(event.error.code);
  })();
  session.start();
  session.speak({ instructions: 'Say goodbye.' });
  clock.advance(4_999);
  await eventually(() => peer.ofType('InjectUserMessage').length).toBe(1);
  expect(peer.sockets).toHaveLength(1);
  clock.advance(1);
  await eventually(() => peer.ofType('InjectUserMessage').length).toBe(2);
  expect(new Set(peer.ofType('InjectUserMessage').map(({ content }) => content)).size).toBe(1);
  expect(peer.sockets).toHaveLength(2);
  expect(warnings).toEqual(['ERR_FLAVOR_TIMEOUT']);
});

test('an answer that a loss cuts off is gone on with by the next connection, and that is no turn of the caller', async () => {
  const peer = await new Peer().listen();
  const { events } = await callOf(peer);
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'It is on its way, and' });
  peer.sound(800);
  await eventually(() => events.some(({ type }) => type === 'audio')).toBe(true);
  peer.sockets[0]?.terminate();
  await eventually(() => peer.ofType('InjectUserMessage').length).toBe(1);
  const content = peer.ofType('InjectUserMessage')[0]?.['content'];
  expect(content).toContain('cut off on the line');
  peer.say({ type: 'ConversationText', role: 'user', content });
  peer.say({ type: 'ConversationText', role: 'assistant', content: 'it will be there on Friday.' });
  await eventually(() => events.flatMap((event) => (event.type === 'text' ? [event.responseId] : []))).toEqual([
    'speech-1',
    'speech-2',
  ]);
  expect(events.filter(({ type }) => type === 'transcript')).toEqual([]);
});

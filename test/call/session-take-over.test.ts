import { describe, expect, test } from 'vitest';
import { CallAccount } from '../../src/call/call-account.js';
import { Conversation } from '../../src/call/conversation.js';
import type { ConversationHandlers } from '../../src/call/conversation-options.js';
import { SessionLink } from '../../src/call/session/session-link.js';
import type { FlavorCapabilities } from '../../src/flavor-api/index.js';
import type { ToolContext } from '../../src/tools/tool.js';
import { defaultCallLimits, defaultInterruptionOptions, defaultReplyWatchOptions } from '../support/call-policies.js';
import { FakeClock } from '../support/fake-clock.js';
import { agentCapabilities, FakeSession } from '../support/fake-flavor.js';
import { FakeStream } from '../support/fake-media.js';
import { freeMeter } from '../support/free-meter.js';
import { createKeptLog } from '../support/silent-log.js';
import { runnerOf, scriptedTool } from '../support/tool-runner.js';
import { settle } from './call-setup.js';

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const formats = { input: mulaw, output: mulaw };
const identity = { id: 'c1', direction: 'inbound', from: '', to: '', route: '1', flavor: 'f', startedAtMs: 0 } as const;

const noControl: ToolContext = {
  hangUp: () => true,
  transfer: async () => ({ ok: false, status: 501 }),
  sendDigits: async () => {},
  hold: async () => {},
  pauseRecording: () => false,
};
const noHandlers: ConversationHandlers = {
  onReprompt: () => {},
  onSilenceLimit: () => {},
  onCallerReturned: () => {},
  onWaiting: () => {},
  onReplyTimeout: () => {},
  onBusy: () => {},
  onSpeaking: () => {},
  onReply: () => {},
  onAnswerHeard: () => {},
  onFiller: () => {},
};

/** A conversation on fakes, whose session can be replaced. */
function setUp({ tools = runnerOf(), handlers = noHandlers, capabilities = {} as Partial<FlavorCapabilities> } = {}) {
  const clock = new FakeClock(1000);
  const log = createKeptLog();
  const account = new CallAccount(identity, [], { clock, log, emit: () => {}, meter: freeMeter });
  const openSession = (): { session: FakeSession; link: SessionLink } => {
    const signal = new AbortController().signal;
    const session = new FakeSession({
      ...identity,
      signal,
      headers: new Map(),
      variables: {},
      ...formats,
      tools: [],
      history: [],
      render: (text) => text,
      log,
    });
    return { session, link: new SessionLink(session, { onEnded: () => {}, onMisbehaviour: () => {} }) };
  };
  const first = openSession();
  let listener: Conversation | undefined;
  const stream = new FakeStream(
    { onFrame: (frame) => listener?.onFrame(frame), onEvent: (event) => listener?.onStreamEvent(event) },
    clock,
  );
  const conversation = new Conversation(
    {
      capabilities: { ...agentCapabilities, ...capabilities },
      formats,
      ...defaultCallLimits,
      silence: { limitMs: 60_000, repromptMs: 15_000, reprompts: 0 },
      reply: defaultReplyWatchOptions,
      interruption: defaultInterruptionOptions,
      greets: undefined,
    },
    {
      stream,
      link: first.link,
      notes: account,
      tools,
      control: noControl,
      signal: () => new AbortController().signal,
    },
    handlers,
    clock,
  );
  listener = conversation;
  first.link.listen((event) => conversation.onFlavorEvent(event));
  const takeOver = (capabilities: Partial<FlavorCapabilities> = {}): FakeSession => {
    const next = openSession();
    conversation.use(next.link, { ...agentCapabilities, ...capabilities }, formats);
    next.link.listen((event) => conversation.onFlavorEvent(event));
    return next.session;
  };
  const slots = async (ms: number, voiced = false): Promise<void> => {
    for (let elapsed = 0; elapsed < ms; elapsed += 20) {
      clock.advance(20);
      stream.slot(voiced);
      await settle();
    }
  };
  return { clock, stream, conversation, account, session: first.session, takeOver, slots };
}

describe('a session that takes over', () => {
  test('owes the answer to a caller on a loud line whose turn its forerunner was lost in', async () => {
    const { conversation, session, stream, slots, clock } = setUp({ capabilities: { turnTaking: 'flavor' } });
    stream.callerCode = 0x80;
    session.events.push({ type: 'speech-started', positionMs: 0 });
    stream.emit({ type: 'voice-started', positionMs: 0, atMs: clock.now() });
    await slots(1_500, true);
    conversation.onSessionLost();
    await slots(500);
    stream.emit({ type: 'voice-stopped', positionMs: 1_500, speechMs: 1_500, atMs: clock.now() });
    expect(conversation.replyOwed).toBe(true);
  });

  test('speaks after the words its forerunner had sent, and is told of its own alone', async () => {
    const { session, takeOver, slots, account } = setUp();
    session.say('a1', ['one', 'two'], false);
    session.events.push({ type: 'text', responseId: 'a2', text: 'announced' });
    await slots(200);
    const next = takeOver();
    next.say('b1', ['three']);
    await slots(1400);
    expect(next.playouts.map(({ responseId, state }) => `${responseId} ${state}`)).toEqual([
      'b1 started',
      'b1 finished',
    ]);
    expect(session.playouts.map(({ responseId, state }) => `${responseId} ${state}`)).toEqual(['a1 started']);
    expect(account.dialogue.history).toMatchObject([
      { responseId: 'a1', heardText: 'one two', interrupted: false },
      { responseId: 'a2', heardText: '', interrupted: true },
      { responseId: 'b1', heardText: 'three', interrupted: false },
    ]);
  });

  test('hears of a caller who is speaking, and of the end of it', async () => {
    const { stream, clock, takeOver, slots } = setUp();
    await slots(100, true);
    stream.emit({ type: 'voice-started', positionMs: 40, atMs: clock.now() });
    const next = takeOver();
    expect(next.voices).toEqual(['started 40', 'accepted 40']);
    stream.emit({ type: 'voice-stopped', positionMs: 100, speechMs: 60, atMs: clock.now() });
    expect(next.told).toEqual(['voice started', 'onset accepted', 'voice stopped', 'end-turn']);
  });

  test('gets the verdict on an onset that was undecided', async () => {
    const { stream, session, clock, takeOver, slots } = setUp();
    session.say('a1', ['one', 'two', 'three']);
    await slots(200);
    stream.emit({ type: 'voice-started', positionMs: 140, atMs: clock.now() });
    const next = takeOver();
    expect(stream.paused).toBe(true);
    await slots(600, true);
    expect(session.told).toEqual(['voice started']);
    expect(next.told).toEqual(['voice started', 'onset accepted', 'interrupt speech']);
    expect(stream.paused).toBe(false);
  });

  test('that cannot be interrupted is not', async () => {
    const { stream, clock, takeOver, slots } = setUp();
    const next = takeOver({ interruptible: false });
    next.say('b1', ['one', 'two', 'three']);
    await slots(200);
    stream.emit({ type: 'voice-started', positionMs: 140, atMs: clock.now() });
    await slots(600, true);
    expect(stream.paused).toBe(false);
    expect(next.told).not.toContain('interrupt speech');
  });
});

test('a tool of a session that is gone does not end the wait for one of its successor', async () => {
  const ends = new Map<string, () => void>();
  const slow = scriptedTool(
    (call) => new Promise((resolve) => ends.set(call.id, () => resolve({ output: null, reply: true }))),
    { timing: { timeoutMs: 60_000, filler: undefined, fillerAfterMs: 0 } },
  );
  const timeouts: number[] = [];
  const handlers = { ...noHandlers, onReplyTimeout: () => timeouts.push(clock.now()) };
  const { clock, conversation, session, takeOver } = setUp({ tools: runnerOf(slow), handlers });
  conversation.expectReply();
  session.events.push({ type: 'tool-call', id: 'a', name: 'scripted', arguments: {} });
  await settle();
  const next = takeOver();
  next.events.push({ type: 'tool-call', id: 'b', name: 'scripted', arguments: {} });
  await settle();
  ends.get('a')?.();
  await settle();
  clock.advance(20_000);
  expect(timeouts).toEqual([]);
  ends.get('b')?.();
  await settle();
  clock.advance(20_000);
  expect(timeouts).toHaveLength(1);
});

describe('speech that the host asks for', () => {
  test('is heard to its end if it is not to be interrupted, and only that', async () => {
    const { stream, clock, conversation, session, slots } = setUp();
    session.say('a1', ['one']);
    await slots(200);
    conversation.speak({ text: 'This call ends soon.', interruptible: false });
    expect(session.told).toEqual(['speak']);
    session.say('a2', ['this', 'call']);
    await slots(400);
    conversation.onDigit('1');
    await slots(20);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'a2', state: 'started' });
    await slots(800);
    session.say('a3', ['one', 'two']);
    await slots(200);
    stream.emit({ type: 'digit', digit: '1', durationMs: 100, atMs: clock.now() });
    await slots(40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'a3', state: 'interrupted' });
  });

  test('that never came protects nothing that is said later', async () => {
    const { conversation, session, slots } = setUp();
    conversation.speak({ text: 'One moment.', interruptible: false, aside: true });
    await slots(5020);
    session.say('a1', ['one', 'two']);
    await slots(200);
    conversation.onDigit('1');
    await slots(40);
    expect(session.playouts.at(-1)).toMatchObject({ responseId: 'a1', state: 'interrupted' });
  });
});

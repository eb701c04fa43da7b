import { describe, expect, test } from 'vitest';
import { asFlavorError, type SessionEvent, SessionLink } from '../../../src/call/session/session-link.js';
import { FlavorError, type FlavorEvent, FlavorEventQueue, type FlavorSession } from '../../../src/flavor-api/index.js';
import { FakeFlavor, type FakeSession } from '../../support/fake-flavor.js';
import { settle } from '../call-setup.js';

/** A link to a session, with everything it reports. */
function link(session: FlavorSession, listen = true, scope = '') {
  const seen: string[] = [];
  const events: SessionEvent[] = [];
  const made = new SessionLink(
    session,
    {
      onEnded: ({ reason, error }) => seen.push(`ended ${reason} ${error?.code ?? ''}`.trim()),
      onMisbehaviour: (method, message) => seen.push(`${method}: ${message}`),
    },
    scope,
  );
  const hear = (): void =>
    made.listen((event) => {
      seen.push(event.type);
      events.push(event);
    });
  if (listen) hear();
  return { link: made, seen, events, hear };
}

async function fakeSession(): Promise<FakeSession> {
  const flavor = new FakeFlavor();
  await flavor.open({
    id: 'c1',
    signal: new AbortController().signal,
    direction: 'inbound',
    from: '',
    to: '',
    headers: new Map(),
    variables: {},
    input: { encoding: 'mulaw', sampleRate: 8000 },
    output: { encoding: 'mulaw', sampleRate: 8000 },
    tools: [],
    history: [],
    render: (text) => text,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  const [session] = flavor.sessions;
  if (!session) throw new Error('no session');
  return session;
}

const frame = { data: new Uint8Array(160), positionMs: 0, concealed: false };
const report = { responseId: 'r', state: 'finished', heardMs: 0, heardText: '', heardChars: 0 } as const;

/** Calls every method of the contract. */
function callAll(made: SessionLink): void {
  made.write(frame);
  made.start();
  made.speak({ text: 'x' });
  made.interrupt('speech');
  made.onVoice('started', 0);
  made.onOnset('accepted', 0);
  made.endTurn();
  made.onPlayout(report);
  made.onDtmf('1');
  made.onToolResult({ id: 't', output: 1, reply: true });
}

test('passes every method on', async () => {
  const session = await fakeSession();
  callAll(link(session).link);
  expect(session.told).toEqual([
    'start',
    'speak',
    'interrupt speech',
    'voice started',
    'onset accepted',
    'end-turn',
    'dtmf 1',
  ]);
  expect([session.frames, session.playouts.length, session.results.length]).toEqual([1, 1, 1]);
});

test('the ids of a later session are unlike those of the one before, and it hears of its own alone', async () => {
  const session = await fakeSession();
  const { link: made, events } = link(session, true, '2/');
  session.events.push({ type: 'tool-call', id: 't', name: 'act', arguments: {}, responseId: 'r' });
  session.events.push({ type: 'tool-call', id: 'u', name: 'act', arguments: {} });
  session.events.push({ type: 'turn', turnId: 'a', timing: {} });
  session.events.push({ type: 'text', responseId: 'r', text: 'x' });
  session.events.push({ type: 'speech-started', positionMs: 20 });
  await settle();
  expect(events).toEqual([
    { type: 'tool-call', id: '2/t', name: 'act', arguments: {}, responseId: '2/r' },
    { type: 'tool-call', id: '2/u', name: 'act', arguments: {} },
    { type: 'turn', turnId: '2/a', timing: {} },
    { type: 'text', responseId: '2/r', text: 'x' },
    { type: 'speech-started', positionMs: 20 },
  ]);
  for (const scope of ['', '1/', '2/']) {
    made.onToolResult({ id: `${scope}t`, output: 1, reply: true });
    made.onPlayout({ ...report, responseId: `${scope}r` });
  }
  expect(session.results).toEqual([{ id: 't', output: 1, reply: true }]);
  expect(session.playouts).toEqual([report]);
});

test('does without the methods that a session need not have', async () => {
  const session = await fakeSession();
  Object.assign(session, { onVoice: undefined, onOnset: undefined, endTurn: undefined });
  const { link: made, seen } = link(session);
  callAll(made);
  expect(seen).toEqual([]);
});

test('nothing reaches a session after its end', async () => {
  const session = await fakeSession();
  const { link: made, seen } = link(session);
  session.events.push({ type: 'end', reason: 'completed' });
  await settle();
  callAll(made);
  expect(session.told).toEqual([]);
  expect([session.frames, session.playouts.length, session.results.length]).toEqual([0, 0, 0]);
  expect(seen).toEqual(['ended completed']);
});

test('what comes before there is a listener waits for it, in order; the end does not', async () => {
  const session = await fakeSession();
  const { seen, hear } = link(session, false);
  session.events.push({ type: 'speech-started', positionMs: 0 });
  session.events.push({ type: 'audio-done', responseId: 'r' });
  session.events.push({ type: 'end', reason: 'aborted' });
  await settle();
  expect(seen).toEqual(['ended aborted']);
  hear();
  expect(seen).toEqual(['ended aborted', 'speech-started', 'audio-done']);
});

describe('a session that breaks its word', () => {
  test.each(['write', 'start', 'onPlayout', 'onToolResult'] as const)('%s throws: reported once', async (method) => {
    const session = await fakeSession();
    session[method] = () => {
      throw new Error('broken');
    };
    const { link: made, seen } = link(session);
    callAll(made);
    callAll(made);
    expect(seen).toEqual([`${method}: broken`]);
  });

  test.each(['write', 'onToolResult'] as const)(
    '%s is async and rejects: reported, and nothing is left unhandled',
    async (method) => {
      const session = await fakeSession();
      session[method] = async () => {
        throw new Error('broken');
      };
      const { link: made, seen } = link(session);
      callAll(made);
      await settle();
      expect(seen).toEqual([`${method}: broken`]);
    },
  );

  const sessionOf = (events: () => AsyncIterable<FlavorEvent>): FlavorSession =>
    Object.defineProperty(Object.create({ write: () => {} }), 'events', { get: events });

  test('a stream that stops without `end` has failed', async () => {
    const { seen } = link(sessionOf(async function* () {}));
    await settle();
    expect(seen).toEqual(['ended failed ERR_FLAVOR_PROTOCOL']);
  });

  test('a stream that throws has failed, with its own error', async () => {
    const { seen } = link(
      // biome-ignore lint/correctness/useYield: it throws first.
      sessionOf(async function* () {
        throw new FlavorError('ERR_FLAVOR_NETWORK', 'gone', true);
      }),
    );
    await settle();
    expect(seen).toEqual(['ended failed ERR_FLAVOR_NETWORK']);
  });

  test.each([
    { type: 'tool-call', name: 'hang_up', arguments: {} },
    { type: 'tool-call', id: 7, name: 'hang_up', arguments: {} },
    { type: 'audio', responseId: 7, data: new Uint8Array(160) },
    { type: 'text', text: 'Hello.' },
    { type: 'audio', responseId: 'r', data: new Int16Array(160) },
    { type: 'audio', responseId: 'r', data: 'AAAA' },
  ])('an event without what it must have ends the session: %j', async (event) => {
    const session = await fakeSession();
    const { seen } = link(session);
    session.events.push(event as unknown as FlavorEvent);
    await settle();
    expect(seen).toEqual(['ended failed ERR_FLAVOR_PROTOCOL']);
  });

  test('an event that nobody knows ends the session, and nothing of it is repeated', async () => {
    const session = await fakeSession();
    const errors: (string | undefined)[] = [];
    const made = new SessionLink(
      session,
      { onEnded: ({ error }) => errors.push(error?.message), onMisbehaviour: () => {} },
      '2/',
    );
    made.listen(() => {});
    session.events.push({ type: 'transcript-delta', text: 'My card is 4111' } as unknown as FlavorEvent);
    await settle();
    expect(errors).toEqual(['an event of a type that the contract does not know: "transcript-delta"']);
  });

  test('no stream at all has failed too', async () => {
    const { seen } = link(
      sessionOf(() => {
        throw new Error('no events');
      }),
    );
    await settle();
    expect(seen).toEqual(['ended failed ERR_FLAVOR_PROTOCOL']);
  });

  test.each([undefined, null, {}])('a session that is %j is told as what it is', async (session) => {
    const errors: (string | undefined)[] = [];
    const handlers = {
      onEnded: ({ error }: { error?: FlavorError }) => errors.push(error?.message),
      onMisbehaviour: () => {},
    };
    new SessionLink(session as unknown as FlavorSession, handlers).listen(() => {});
    await settle();
    expect(errors).toEqual(['open() gave back no session with events']);
  });

  test('an event that cannot be used ends the session as failed', async () => {
    const session = await fakeSession();
    const { link: made, seen } = link(session, false);
    session.events.push({ type: 'audio-done', responseId: 'r' });
    await settle();
    made.listen(() => {
      throw new TypeError('not an event');
    });
    session.events.push({ type: 'end', reason: 'completed' });
    await settle();
    expect(seen).toEqual(['ended failed ERR_FLAVOR_PROTOCOL']);
  });

  test('events after `end` are not read', async () => {
    let returned = false;
    const { seen } = link(
      sessionOf(async function* () {
        try {
          yield { type: 'end', reason: 'completed' };
          yield { type: 'speech-started', positionMs: 0 };
        } finally {
          returned = true;
        }
      }),
    );
    await settle();
    expect(seen).toEqual(['ended completed']);
    expect(returned).toBe(true);
  });
});

test('an error of another copy of the package keeps its code; anything else is a breach of the protocol', () => {
  const foreign = Object.assign(new Error('quota'), { code: 'ERR_FLAVOR_QUOTA', retryable: true });
  expect(asFlavorError(foreign)).toBe(foreign);
  expect(asFlavorError(Object.assign(new Error('x'), { code: 'ENOENT', retryable: true })).code).toBe(
    'ERR_FLAVOR_PROTOCOL',
  );
  expect(asFlavorError('text')).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL', message: 'text', retryable: false });
});

test('a queue of the contract is read without its iterator, and one made into something else is iterated', async () => {
  class Loud extends FlavorEventQueue {
    override async *[Symbol.asyncIterator](): AsyncGenerator<FlavorEvent, void, undefined> {
      for await (const event of { [Symbol.asyncIterator]: () => super[Symbol.asyncIterator]() }) {
        yield event;
        if (event.type === 'audio-done') yield { type: 'audio-done', responseId: 'echo' };
      }
    }
  }
  for (const [events, heard] of [
    [new FlavorEventQueue(), ['audio-done', 'ended completed']],
    [new Loud(), ['audio-done', 'audio-done', 'ended completed']],
  ] as const) {
    const session = Object.assign(Object.create(await fakeSession()), { events });
    const { seen } = link(session);
    events.push({ type: 'audio-done', responseId: 'r' });
    events.push({ type: 'end', reason: 'completed' });
    await settle();
    expect(seen).toEqual(heard);
  }
});

test('a listener that throws ends the session, and hears nothing more', async () => {
  const events = new FlavorEventQueue();
  const ended: string[] = [];
  const session: FlavorSession = Object.assign(Object.create(await fakeSession()), { events });
  const made = new SessionLink(session, {
    onEnded: ({ reason, error }) => ended.push(`${reason} ${error?.message}`),
    onMisbehaviour: () => {},
  });
  const heard: string[] = [];
  made.listen((event) => {
    heard.push(event.type);
    throw new Error('boom');
  });
  events.push({ type: 'audio-done', responseId: 'a' });
  events.push({ type: 'audio-done', responseId: 'b' });
  events.push({ type: 'end', reason: 'completed' });
  await settle();
  expect(heard).toEqual(['audio-done']);
  expect(ended).toEqual(['failed boom']);
});

import { describe, expect, test } from 'vitest';
import { FlavorError } from '../../src/flavor-api/index.js';
import type { CallSummary } from '../../src/ops/call-event.js';
import { createHangUpTool } from '../../src/tools/hang-up.js';
import { defaultCallLimits } from '../support/call-policies.js';
import { FakeSession } from '../support/fake-flavor.js';
import { OFFER } from '../support/fake-leg.js';
import { runnerOf, scriptedTool } from '../support/tool-runner.js';
import { answer, bye, settle, setUp, slots } from './call-setup.js';

describe('while the journal is written, before the 200', () => {
  /** A call whose journal takes its time. */
  async function journalling() {
    let written = (): void => {};
    const writing = new Promise<void>((resolve) => {
      written = resolve;
    });
    const noted: CallSummary[] = [];
    const beforeAnswer = (call: CallSummary): Promise<void> => {
      noted.push(call);
      return writing;
    };
    const setup = setUp({ deps: { beforeAnswer } });
    setup.call.begin();
    await settle();
    expect(setup.leg.actions).toEqual(['180']);
    return { setup, written, noted };
  }

  test('a CANCEL that the server had before our 200: the record does not say that it was answered', async () => {
    const setup = setUp();
    setup.call.begin();
    await settle();
    expect(setup.leg.actions).toContain('200');
    setup.leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
    await settle();
    expect(setup.records).toMatchObject([
      { endedBy: 'caller', cause: { sip: 487, text: 'cancelled' }, answeredAt: null, durationMs: 0 },
    ]);
  });

  test('a CANCEL cancels: no 200 is sent, and the record does not say that it was answered', async () => {
    const { setup, written } = await journalling();
    setup.leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
    written();
    await settle();
    expect(setup.leg.actions).toEqual(['180']);
    expect(setup.records).toMatchObject([
      { endedBy: 'caller', cause: { sip: 487, text: 'cancelled' }, answeredAt: null },
    ]);
    expect(setup.engine.usage().open).toBe(0);
  });

  test('an operator who hangs up refuses it', async () => {
    const { setup, written } = await journalling();
    setup.call.end('admin');
    written();
    await settle();
    expect(setup.leg.actions).toEqual(['180', 'reject 480']);
    expect(setup.records).toMatchObject([{ cause: { sip: 480, text: 'admin' }, answeredAt: null }]);
  });

  test('a session that ends is no call: 503', async () => {
    const { setup, written } = await journalling();
    setup.flavor.sessions[0]?.events.push({ type: 'end', reason: 'completed' });
    await settle();
    written();
    await settle();
    expect(setup.leg.actions).toEqual(['180', 'reject 503']);
    expect(setup.records).toMatchObject([{ cause: { text: 'flavor-error' } }]);
  });

  test('nothing else waits: it is answered when the journal is done', async () => {
    const { setup, written, noted } = await journalling();
    expect(noted).toMatchObject([{ id: 'c1', codec: 'pcmu', answeredAt: expect.any(String) }]);
    written();
    await settle();
    expect(setup.leg.actions).toEqual(['180', '200']);
    expect(setup.call.summary()).toMatchObject({ state: 'answered', codec: 'pcmu' });
  });
});

test('a format that nobody can convert: refused, and neither port nor session is left open', async () => {
  for (const mediaFirst of [true, false]) {
    const setup = setUp();
    const open = setup.engine.open.bind(setup.engine);
    setup.engine.open = async (options) => {
      if (!mediaFirst) await settle();
      const stream = await open(options);
      stream.setFormats = () => {
        throw new RangeError('44100 Hz');
      };
      return stream;
    };
    if (mediaFirst) setup.flavor.opening = settle();
    setup.call.begin();
    await settle();
    await settle();
    setup.clock.advance(5000);
    await settle();
    expect(setup.leg.actions).toEqual(['180', 'reject 503']);
    expect(setup.flavor.sessions[0]?.call.signal.aborted).toBe(true);
    expect(setup.engine.usage().open).toBe(0);
    expect(setup.records).toMatchObject([{ error: { code: 'ERR_FLAVOR_PROTOCOL', message: '44100 Hz' } }]);
  }
});

test('a session whose stream breaks off is aborted, and so are its tools', async () => {
  let stopped = false;
  const endless = scriptedTool(
    (_call, _scope, signal) => {
      signal.addEventListener('abort', () => {
        stopped = true;
      });
      return new Promise<never>(() => {});
    },
    { name: 'endless' },
  );
  const setup = setUp({ deps: { tools: runnerOf(endless, createHangUpTool()) } });
  const { session, stream } = await answer(setup);
  session.events.push({ type: 'tool-call', id: 't1', name: 'endless', arguments: {} });
  const error = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);
  session.events.push({ type: 'end', reason: 'failed', error });
  await slots(setup, stream, 400);
  expect(setup.leg.actions.at(-1)).toContain('flavor-error');
  expect(session.call.signal.aborted).toBe(true);
  expect(stopped).toBe(true);
  expect(setup.records).toMatchObject([{ endedBy: 'provider', error: { code: 'ERR_FLAVOR_NETWORK' } }]);
});

describe('after the end', () => {
  test('a re-INVITE gets 481, an ACK and a digit change nothing', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    setup.call.end('admin');
    await settle();
    expect(setup.records).toHaveLength(1);
    const events = setup.events.length;
    const replies: string[] = [];
    const reply = { accept: () => replies.push('200'), reject: (status: number) => replies.push(String(status)) };
    setup.leg.emit({ type: 'offer', sdp: `${OFFER}a=sendonly\r\n`, reply });
    setup.leg.emit({ type: 'acked', sdp: undefined });
    setup.leg.emit({ type: 'digit', digit: '1', durationMs: 100 });
    expect(replies).toEqual(['481']);
    expect(stream.parameters).toHaveLength(1);
    expect(session.told).toEqual(['start']);
    expect(setup.events).toHaveLength(events);
    expect(setup.records[0]?.dtmf).toBe('');
  });

  test('an ACK that comes late to an offer of ours blames nobody', async () => {
    const setup = setUp({ invite: { sdp: undefined } });
    setup.call.begin();
    await settle();
    const error = new FlavorError('ERR_FLAVOR_AUTH', 'the key was refused', false);
    setup.flavor.sessions[0]?.events.push({ type: 'end', reason: 'failed', error });
    await settle();
    setup.leg.emit({ type: 'acked', sdp: 'nonsense' });
    expect(setup.records).toMatchObject([{ cause: { text: 'flavor-error' }, error: { code: 'ERR_FLAVOR_AUTH' } }]);
  });

  test('what a session that ignores its abort still says is heard by nobody', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    const push = session.events.push.bind(session.events);
    Object.defineProperty(session.events, 'push', { value: () => {} });
    setup.leg.emit(bye);
    await settle();
    const queued: string[] = [];
    stream.play = (responseId) => queued.push(responseId);
    const before = setup.events.length;
    push({ type: 'audio', responseId: 'late', data: new Uint8Array(160) });
    push({ type: 'tool-call', id: 't1', name: 'hang_up', arguments: {} });
    push({ type: 'warning', error: new FlavorError('ERR_FLAVOR_QUOTA', 'late', true) });
    await settle();
    expect([queued, session.results, session.playouts, setup.events.length]).toEqual([[], [], [], before]);
    setup.clock.advance(1000);
    await settle();
    expect(setup.records).toHaveLength(1);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('no frame, event or report reaches the session', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two']);
    await slots(setup, stream, 200);
    setup.leg.emit(bye);
    await settle();
    const before = [session.frames, session.told.length, session.playouts.length];
    stream.emit({ type: 'voice-started', positionMs: 0, atMs: 0 });
    stream.emit({ type: 'response-ended', responseId: 'r1', state: 'finished', heardMs: 1, sentMs: 1, atMs: 0 });
    expect([session.frames, session.told.length, session.playouts.length]).toEqual(before);
    expect(session.playouts.map(({ state }) => state)).toEqual(['started', 'interrupted']);
  });
});

test('limits do not count while it rings with early media, and count from the answer', async () => {
  const setup = setUp({ options: { answer: { delayMs: 30_000, earlyMedia: true, headers: new Map() } } });
  setup.call.begin();
  await settle();
  const stream = setup.engine.streams[0];
  if (!stream) throw new Error('no stream');
  await slots(setup, stream, 15_000);
  stream.emit({ type: 'rtp-timeout' });
  await slots(setup, stream, 15_000);
  expect(setup.leg.actions).toEqual(['180', '183', '200']);
  setup.leg.emit({ type: 'acked', sdp: undefined });
  await slots(setup, stream, 9_980);
  expect(setup.records).toEqual([]);
  await slots(setup, stream, 40);
  expect(setup.records[0]?.cause.text).toBe('silence');
});

test('a socket that fails ends the call with its words in the record', async () => {
  const setup = setUp();
  const { stream } = await answer(setup);
  stream.emit({ type: 'failed', message: 'network is down' });
  await settle();
  expect(setup.leg.actions.at(-1)).toContain('rtp-timeout');
  expect(setup.records).toMatchObject([{ error: { message: 'network is down' } }]);
  expect(stream.closed).toBe(true);
});

describe('recording', () => {
  const path = '/tmp/c1.wav';

  test('begins at the answer and is complete before the record is written', async () => {
    const happened: string[] = [];
    const recorder = {
      begun: true,
      caller: () => {},
      agent: () => {},
      close: async () => {
        await settle();
        happened.push('closed');
      },
    };
    const openRecorder = (originMs: number) => {
      happened.push(`opened ${originMs}`);
      return { recorder, path };
    };
    const setup = setUp({ deps: { openRecorder, onFinished: (record) => happened.push(String(record.recording)) } });
    await answer(setup);
    setup.leg.emit(bye);
    await settle();
    await settle();
    expect(happened).toEqual(['opened 1000', 'closed', path]);
  });

  test('a disk that fails costs the recording, not the call', async () => {
    const close = (): Promise<never> => Promise.reject(new Error('disk full'));
    const recorder = { begun: false, caller: () => {}, agent: () => {}, close };
    const setup = setUp({ deps: { openRecorder: () => ({ recorder, path }) } });
    await answer(setup);
    setup.leg.emit(bye);
    await settle();
    const error = { message: 'disk full' };
    expect(setup.records).toMatchObject([{ cause: { text: 'normal' }, error, recording: null }]);
  });
});

test('what others say is bounded in the record: names of tools, messages of errors', async () => {
  const setup = setUp();
  const { session, stream } = await answer(setup);
  session.events.push({ type: 'tool-call', id: 't1', name: 'x'.repeat(5000), arguments: {} });
  const error = new FlavorError('ERR_FLAVOR_PROTOCOL', 'y'.repeat(5000), false);
  await settle();
  session.events.push({ type: 'end', reason: 'failed', error });
  await slots(setup, stream, 400);
  expect(setup.records[0]?.tools[0]?.name).toBe('unknown');
  expect(setup.records[0]?.error?.message).toHaveLength(1000);
});

test('a session that opens when the caller is gone, and does not end, has its cost counted', async () => {
  const setup = setUp();
  let open = (): void => {};
  const opening = new Promise<void>((resolve) => {
    open = resolve;
  });
  setup.flavor.open = async (call) => {
    await opening;
    const session = new FakeSession({ ...call, signal: new AbortController().signal });
    session.events.push({ type: 'usage', provider: 'p', model: 'm', unit: 'characters', quantity: 5 });
    return session;
  };
  setup.call.begin();
  await settle();
  setup.leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
  open();
  await settle();
  setup.clock.advance(defaultCallLimits.abandonMs);
  await settle();
  expect(setup.records).toMatchObject([{ cause: { text: 'cancelled' }, usage: [{ quantity: 5 }] }]);
});

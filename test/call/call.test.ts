import { describe, expect, test } from 'vitest';
import { ConnectorError } from '../../src/base/connector-error.js';
import { FlavorError, type FlavorEvent } from '../../src/flavor-api/index.js';
import { defaultCallLimits } from '../support/call-policies.js';
import { OFFER, PCMA_ANSWER } from '../support/fake-leg.js';
import { answer, bye, type Setup, settle, setUp, slots } from './call-setup.js';

describe('an ordinary call', () => {
  test('rings, answers, greets after the ACK, and leaves one record', async () => {
    const setup = setUp();
    setup.call.begin();
    await settle();
    expect(setup.leg.actions).toEqual(['180', '200']);
    expect(setup.flavor.sessions[0]?.told).toEqual([]);
    setup.leg.emit({ type: 'acked', sdp: undefined });
    expect(setup.flavor.sessions[0]?.told).toEqual(['start']);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toHaveLength(1);
    expect(setup.records[0]).toMatchObject({
      endedBy: 'caller',
      cause: { sip: 200, text: 'normal' },
      codec: 'pcmu',
      route: '1',
      flavor: 'echo',
    });
    expect(setup.engine.streams[0]?.closed).toBe(true);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('a late offer is answered in the ACK, and its codec is the one used', async () => {
    const setup = setUp({ invite: { sdp: undefined } });
    setup.call.begin();
    await settle();
    expect(setup.leg.descriptions[0]).toContain('m=audio 40000 RTP/AVP 0 8');
    setup.leg.emit({ type: 'acked', sdp: PCMA_ANSWER });
    expect(setup.engine.streams[0]?.parameters[0]).toMatchObject({ codec: { name: 'pcma' } });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.codec).toBe('pcma');
  });

  test.each([[undefined], ['not a description']])('an ACK without a usable answer (%j) ends the call', async (sdp) => {
    const setup = setUp({ invite: { sdp: undefined } });
    setup.call.begin();
    await settle();
    setup.leg.emit({ type: 'acked', sdp });
    await settle();
    expect(setup.leg.actions.at(-1)).toContain('hang-up');
    expect(setup.records[0]?.cause.text).toBe('rejected');
  });

  test('header fields of the route: on the 200, on our BYE, on a refusal', async () => {
    const headers = new Map([['X-Call', '1']]);
    const own = { answer: { delayMs: 0, earlyMedia: false, headers }, hangUp: { headers } };
    const setup = setUp({ options: own });
    await answer(setup);
    expect(setup.leg.acceptance).toEqual({ headers });
    setup.call.end('admin');
    expect(setup.leg.farewell).toEqual({ headers, reason: 'SIP;cause=200;text="admin"' });
    const refused = setUp({ options: own });
    refused.call.begin();
    refused.call.end('admin');
    expect(refused.leg.rejection).toEqual({ headers });
  });

  test('header fields of a flavor that has said all it had to: on the BYE, beside the route’s, which come first', async () => {
    const own = { hangUp: { headers: new Map([['X-Call', 'route']]) } };
    const setup = setUp({ options: own });
    const { stream, session } = await answer(setup);
    const headers = { 'X-Outcome': 'sold\r\nVia: x', 'x-call': 'flavor', Contact: 'x', 'X-Empty': '' };
    session.events.push({ type: 'end', reason: 'completed', headers });
    await slots(setup, stream, 2_000);
    expect(setup.leg.farewell).toEqual({
      headers: new Map([
        ['X-Call', 'route'],
        ['X-Outcome', 'sold  Via: x'],
      ]),
      reason: 'SIP;cause=200;text="normal"',
    });
  });

  test('a caller whose place somebody takes stays the one of the record, which names the other one', async () => {
    const setup = setUp();
    await answer(setup);
    setup.clock.advance(700);
    setup.leg.emit({ type: 'replaced', fromUser: 'carol'.padEnd(200, '!') });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toMatchObject([{ from: 'alice', takeOvers: [{ from: 'carol'.padEnd(64, '!'), atMs: 700 }] }]);
    expect(setup.events.map(({ type }) => type)).toContain('call-taken-over');
  });

  test('early media: audio and greeting before the 200, the same description in both', async () => {
    const setup = setUp({ options: { answer: { delayMs: 2000, earlyMedia: true, headers: new Map() } } });
    setup.call.begin();
    await settle();
    expect(setup.leg.actions).toEqual(['180', '183']);
    expect(setup.flavor.sessions[0]?.told).toEqual(['start']);
    setup.clock.advance(2000);
    await settle();
    expect(setup.leg.actions).toEqual(['180', '183', '200']);
    expect(setup.leg.descriptions[1]).toBe(setup.leg.descriptions[0]);
    setup.leg.emit({ type: 'acked', sdp: undefined });
    expect(setup.flavor.sessions[0]?.told).toEqual(['start']);
  });
});

describe('a call that never comes up', () => {
  test('a caller who hangs up while the flavor opens leaks no session', async () => {
    const setup = setUp();
    let open = (): void => {};
    setup.flavor.opening = new Promise((resolve) => {
      open = resolve;
    });
    setup.call.begin();
    await settle();
    setup.leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
    await settle();
    expect(setup.records).toEqual([]);
    open();
    await settle();
    expect(setup.records[0]?.cause).toEqual({ sip: 487, text: 'cancelled' });
    expect(setup.flavor.sessions[0]?.events.ended).toBe(true);
    expect(setup.engine.usage().open).toBe(0);
    expect(setup.leg.actions).toEqual(['180']);
    expect(setup.clock.pendingTimers).toBe(0);
  });

  test('a flavor that cannot open: 503 without Retry-After, and its error in the record', async () => {
    const setup = setUp();
    setup.flavor.opening = Promise.reject(new FlavorError('ERR_FLAVOR_AUTH', 'the key was refused', false));
    setup.call.begin();
    await settle();
    expect(setup.leg.actions).toEqual(['180', 'reject 503']);
    expect(setup.leg.rejection).toEqual({ headers: new Map() });
    expect(setup.records[0]?.error).toEqual({ code: 'ERR_FLAVOR_AUTH', message: 'the key was refused' });
  });

  test.each([
    [{ reason: 'completed' }, 'the session ended as completed before its start()'],
    [{ reason: 'aborted' }, 'the session ended as aborted, and nobody had aborted it'],
    [{ reason: 'failed' }, 'the session ended as failed, without an error that says why'],
    [{ reason: 'failed', error: null }, 'the session ended as failed, without an error that says why'],
    [{ reason: 'done' }, 'the session ended for a reason that the contract does not know: "done"'],
    [{ reason: 'failed', error: new Error('the provider is gone') }, 'the provider is gone'],
  ])('a session that is over before its time leaves the reason in the record: %j', async (end, message) => {
    const setup = setUp({ options: { answer: { delayMs: 1000, earlyMedia: false, headers: new Map() } } });
    setup.call.begin();
    await settle();
    setup.flavor.sessions[0]?.events.push({ type: 'end', ...end } as FlavorEvent);
    await settle();
    expect(setup.leg.actions.at(-1)).toBe('reject 503');
    expect(setup.records[0]?.error).toEqual({ code: 'ERR_FLAVOR_PROTOCOL', message });
  });

  test('a flavor that takes more than five seconds is given up', async () => {
    const setup = setUp();
    setup.flavor.opening = new Promise(() => {});
    setup.call.begin();
    await settle();
    setup.clock.advance(5000);
    expect(setup.leg.actions).toEqual(['180', 'reject 503']);
    setup.clock.advance(1000);
    await settle();
    expect(setup.records[0]?.error?.code).toBe('ERR_FLAVOR_TIMEOUT');
  });

  test('no free port: 503 with Retry-After', async () => {
    const setup = setUp();
    setup.engine.failure = new ConnectorError('ERR_NO_MEDIA_PORT', 'none free');
    setup.call.begin();
    await settle();
    expect(setup.leg.actions).toEqual(['180', 'reject 503']);
    expect(setup.leg.rejection?.retryAfterSeconds).toBeGreaterThan(0);
    expect(setup.records[0]).toMatchObject({ cause: { text: 'busy-limit' }, error: { code: 'ERR_NO_MEDIA_PORT' } });
  });
});

describe('re-INVITE', () => {
  function offer(setup: Setup, sdp: string | undefined): string[] {
    const replies: string[] = [];
    const reply = {
      accept: (text: string) => replies.push(text),
      reject: (status: number) => replies.push(`${status}`),
    };
    setup.leg.emit({ type: 'offer', sdp, reply });
    return replies;
  }

  test('hold is answered recvonly, resume sendrecv, and media follows', async () => {
    const setup = setUp();
    const { stream } = await answer(setup);
    expect(offer(setup, `${OFFER}a=sendonly\r\n`)[0]).toContain('a=recvonly');
    expect(stream.parameters.at(-1)?.direction).toBe('recvonly');
    offer(setup, OFFER.replace('30000', '30010'));
    expect(stream.parameters.at(-1)).toMatchObject({ direction: 'sendrecv', remote: { port: 30_010 } });
    expect(setup.events.map((event) => event.type)).toEqual(expect.arrayContaining(['call-held', 'call-resumed']));
  });

  test('an unusable codec gets 488, nonsense 400, and the call goes on unchanged', async () => {
    const setup = setUp();
    const { stream } = await answer(setup);
    expect(offer(setup, OFFER.replace('0 8 101', '18'))).toEqual(['488']);
    expect(offer(setup, 'nonsense')).toEqual(['400']);
    expect(stream.parameters).toHaveLength(1);
    expect(setup.records).toEqual([]);
  });

  test('without a description it gets our offer', async () => {
    const setup = setUp();
    const { stream } = await answer(setup);
    expect(offer(setup, undefined)[0]).toContain('m=audio 40000');
    setup.leg.emit({ type: 'acked', sdp: PCMA_ANSWER });
    expect(stream.parameters.at(-1)).toMatchObject({ codec: { name: 'pcma' } });
  });
});

describe('the talk', () => {
  test('a confirmed interruption: paused, flushed, and the flavor told what was heard', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three', 'four', 'five']);
    await slots(setup, stream, 900);
    stream.emit({ type: 'voice-started', positionMs: 840, atMs: setup.clock.now() });
    expect(stream.paused).toBe(true);
    await slots(setup, stream, 600, true);
    expect(session.told).toEqual(['start', 'voice started', 'onset accepted', 'interrupt speech']);
    const report = session.playouts.at(-1);
    expect(report).toMatchObject({ responseId: 'r1', state: 'interrupted', heardText: 'one two', heardChars: 7 });
    expect(report?.heardMs).toBeGreaterThanOrEqual(860);
    session.events.push({ type: 'audio', responseId: 'r1', data: new Uint8Array(1600) });
    await settle();
    expect(stream.queuedMs()).toBe(0);
    stream.emit({ type: 'voice-stopped', positionMs: 1300, speechMs: 400, atMs: setup.clock.now() });
    expect(session.told.slice(-2)).toEqual(['voice stopped', 'end-turn']);
    setup.leg.emit(bye);
    await settle();
    const record = setup.records[0];
    expect(record?.turns[0]).toMatchObject({ interrupted: true, heardText: 'one two', heardMs: report?.heardMs });
    expect(record?.bargeIns).toHaveLength(1);
    expect(record?.bargeIns[0]?.decisionToSilenceMs).toBeLessThanOrEqual(20);
    expect(record?.transcript).toEqual([{ role: 'agent', text: 'one two', atMs: expect.any(Number) }]);
  });

  test('a cough: the agent goes on where it stopped, and no word is lost', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 400);
    stream.emit({ type: 'voice-started', positionMs: 340, atMs: setup.clock.now() });
    await slots(setup, stream, 80, true);
    await slots(setup, stream, 1500);
    expect(session.told).toEqual(['start', 'voice started', 'onset rejected']);
    expect(session.playouts.at(-1)).toMatchObject({ state: 'finished', heardMs: 1200, heardText: 'one two three' });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]?.bargeIns).toMatchObject([{ resumed: true }]);
  });

  test('v2v counts from the last voiced packet of the caller', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    stream.emit({ type: 'voice-started', positionMs: 0, atMs: setup.clock.now() });
    await slots(setup, stream, 500, true);
    const lastVoicedReceivedMs = setup.clock.now() - 40;
    await slots(setup, stream, 500);
    stream.emit({ type: 'voice-stopped', positionMs: 500, speechMs: 500, atMs: setup.clock.now() });
    expect(session.told).toContain('end-turn');
    session.say('r1', ['yes']);
    await settle();
    await slots(setup, stream, 100);
    const turn = setup.events.find((event) => event.type === 'turn');
    expect(turn).toMatchObject({ v2vMs: setup.clock.now() - 80 - lastVoicedReceivedMs });
  });

  test('a digit silences the agent at once and reaches the flavor', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('r1', ['one', 'two', 'three']);
    await slots(setup, stream, 200);
    stream.emit({ type: 'digit', digit: '5', durationMs: 100, atMs: setup.clock.now() });
    setup.leg.emit({ type: 'digit', digit: '#', durationMs: 100 });
    expect(session.told).toEqual(['start', 'interrupt dtmf', 'dtmf 5', 'dtmf #']);
    await slots(setup, stream, 40);
    setup.leg.emit(bye);
    await settle();
    expect(setup.records[0]).toMatchObject({ dtmf: '5#', bargeIns: [{ resumed: false }] });
    expect(setup.log.lines.join('')).not.toContain('5#');
  });

  test('hang_up waits until the goodbye was heard', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('bye', ['good', 'bye']);
    session.events.push({ type: 'tool-call', id: 't1', name: 'hang_up', responseId: 'bye', arguments: {} });
    await slots(setup, stream, 780);
    expect(setup.leg.actions).toEqual(['180', '200']);
    await slots(setup, stream, 40);
    setup.clock.advance(200);
    expect(setup.leg.actions.at(-1)).toBe('hang-up SIP;cause=200;text="normal"');
    await settle();
    expect(setup.records[0]).toMatchObject({ endedBy: 'agent', tools: [{ name: 'hang_up', ok: true }] });
    expect(session.results).toEqual([{ id: 't1', output: { ok: true }, reply: false }]);
  });

  test('a goodbye that never ends does not hold the line', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say('bye', ['good'], false);
    session.events.push({ type: 'tool-call', id: 't1', name: 'hang_up', responseId: 'bye', arguments: {} });
    await slots(setup, stream, 500);
    setup.clock.advance(15_000);
    expect(setup.leg.actions.at(-1)).toContain('hang-up');
  });

  test('an unknown tool is answered with an error the model can use', async () => {
    const setup = setUp();
    const { session } = await answer(setup);
    session.events.push({ type: 'tool-call', id: 't1', name: 'fly', arguments: {} });
    await settle();
    expect(session.results).toMatchObject([{ id: 't1', reply: true, error: expect.stringContaining('hang_up') }]);
  });
});

describe('limits', () => {
  test('before the ACK nobody is asked whether they are there: the session was not told to start', async () => {
    const silence = { repromptMs: 2_000, reprompts: [{ text: 'Are you there?' }], goodbye: undefined };
    const setup = setUp({ options: { silence } });
    setup.call.begin();
    await settle();
    const [[stream], [session]] = [setup.engine.streams, setup.flavor.sessions];
    if (!stream || !session) throw new Error('the call did not open');
    await slots(setup, stream, 15_000);
    expect([session.told, session.spoken, setup.leg.actions]).toEqual([[], [], ['180', '200']]);
    setup.leg.emit({ type: 'acked', sdp: undefined });
    await slots(setup, stream, 1_900);
    expect(session.spoken).toEqual([]);
    await slots(setup, stream, 200);
    expect(session.spoken).toEqual([{ text: 'Are you there?' }]);
  });

  test('a silent caller is hung up after the silence limit; the agent speaking does not count', async () => {
    const setup = setUp();
    const { stream, session } = await answer(setup);
    session.say(
      'r1',
      Array.from({ length: 10 }, () => 'word'),
    );
    await slots(setup, stream, 4000);
    await slots(setup, stream, 9900);
    expect(setup.records).toEqual([]);
    await slots(setup, stream, 200);
    expect(setup.records[0]).toMatchObject({ endedBy: 'connector', cause: { text: 'silence' } });
  });

  test('no RTP for too long ends the call', async () => {
    const setup = setUp();
    const { stream } = await answer(setup);
    stream.emit({ type: 'rtp-timeout' });
    await settle();
    expect(setup.leg.actions.at(-1)).toContain('text="rtp-timeout"');
    expect(setup.records[0]?.cause.text).toBe('rtp-timeout');
  });

  test('the longest call ends', async () => {
    const setup = setUp();
    await answer(setup);
    setup.clock.advance(defaultCallLimits.callMs);
    await settle();
    expect(setup.records[0]?.cause.text).toBe('max-duration');
  });

  test('a session that ignores its abort does not hold the record back', async () => {
    const setup = setUp();
    const { session } = await answer(setup);
    Object.defineProperty(session.events, 'push', { value: () => {} });
    setup.leg.emit(bye);
    await settle();
    expect(setup.records).toEqual([]);
    setup.clock.advance(1000);
    await settle();
    expect(setup.records).toHaveLength(1);
  });
});

test('a flavor that throws where it must not is reported once, and the call goes on', async () => {
  const setup = setUp();
  const { stream, session } = await answer(setup);
  session.write = () => {
    throw new Error('broken');
  };
  await slots(setup, stream, 200);
  const warnings = setup.events.filter((event) => event.type === 'warning');
  expect(warnings).toMatchObject([{ code: 'ERR_FLAVOR_PROTOCOL' }]);
  expect(setup.records).toEqual([]);
});

import { describe, expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { createHarness, type Harness, PEER, settle } from '../../support/embedded-harness.js';
import { requestText, responseText, SDP, tagOf } from '../../support/sip-text.js';

const CONTACT = 'Contact: <sip:bob@192.0.2.9:5075>';

/** An INVITE of ours on the wire. */
async function dialled(request: Parameters<Harness['dial']>[0] = {}, harness?: Harness) {
  const h = harness ?? (await createHarness());
  const { leg, events } = h.dial(request);
  const [invite] = h.udp.takeRequests();
  if (invite === undefined) throw new Error('no INVITE');
  const reply = (status: number, parts: { toTag?: string; extra?: string[]; body?: string; to?: SipRequest } = {}) => {
    const { to = invite, ...rest } = parts;
    h.udp.receive(PEER, responseText(to, { status, ...rest }));
  };
  const methods = () =>
    h.udp.take().map(({ message }) => (message.kind === 'request' ? message.method : message.status));
  return { h, leg, events, invite, reply, methods };
}

const answer = { toTag: 'bob', extra: [CONTACT], body: 'answer' };
const local = { type: 'ended', end: { by: 'local', status: 0, text: '' } };

describe('an answered call', () => {
  test('the INVITE is complete, and nothing of the caller’s can break it', async () => {
    const { invite, leg } = await dialled({
      uri: 'sip:+4420@192.0.2.9:5070',
      fromUser: '20 00',
      fromDisplayName: 'Desk "one"\r\nX: y',
      sdp: (address) => `sdp for ${address}`,
      headers: new Map([['X-Campaign', 'spring']]),
    });
    expect(invite.uri).toBe('sip:+4420@192.0.2.9:5070');
    expect(Object.fromEntries(invite.headers)).toMatchObject({
      'Max-Forwards': '70',
      To: '<sip:+4420@192.0.2.9:5070>',
      CSeq: '1 INVITE',
      Contact: '<sip:20%2000@192.0.2.1:5060>',
      Allow: 'INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY',
      'X-Campaign': 'spring',
      'Content-Type': 'application/sdp',
    });
    expect(invite.headers.get('From')).toMatch(/^"Desk \\"one\\" X: y" <sip:20%2000@192\.0\.2\.1>;tag=[0-9a-f]{16}$/);
    expect(invite.headers.getAll('Via')).toHaveLength(1);
    expect(invite.body.toString()).toBe('sdp for 192.0.2.1');
    expect([leg.direction, leg.localAddress, leg.callId]).toEqual([
      'outbound',
      '192.0.2.1',
      invite.headers.get('Call-ID'),
    ]);
  });

  test('progress, answer, ACK to the Contact, and the same ACK for every copy of the 200', async () => {
    const { h, events, reply, invite } = await dialled();
    reply(100);
    reply(180, { toTag: 'bob' });
    reply(183, { toTag: 'bob', body: 'early' });
    reply(200, answer);
    reply(200, answer);
    expect(events).toEqual([
      { type: 'progress', status: 180, sdp: undefined },
      { type: 'progress', status: 183, sdp: 'early' },
      { type: 'answered', sdp: 'answer' },
    ]);
    const sent = h.udp.take();
    expect(sent.map(({ to }) => to.port)).toEqual([5075, 5075]);
    expect(sent[1]?.message).toEqual(sent[0]?.message);
    const ack = sent[0]?.message;
    if (ack?.kind !== 'request') throw new Error('no ACK');
    expect([ack.method, ack.uri, ack.headers.get('CSeq')]).toEqual(['ACK', 'sip:bob@192.0.2.9:5075', '1 ACK']);
    expect(ack.headers.get('Via')).not.toBe(invite.headers.get('Via'));
    expect(tagOf(ack.headers.get('To'))).toBe('bob');
  });

  test('BYE in both directions', async () => {
    const ours = await dialled();
    ours.reply(200, answer);
    ours.leg.hangUp();
    expect(ours.methods()).toEqual(['ACK', 'BYE']);
    await settle();
    expect(ours.events.at(-1)).toEqual(local);

    const theirs = await dialled();
    theirs.reply(200, answer);
    theirs.methods();
    const from = `<sip:bob@192.0.2.9:5070>;tag=bob`;
    const to = theirs.invite.headers.get('From') ?? '';
    theirs.h.send({ method: 'BYE', from, to, callId: theirs.leg.callId });
    expect(theirs.methods()).toEqual([200]);
    expect(theirs.events.at(-1)).toEqual({ type: 'ended', end: { by: 'peer', status: 0, text: '' } });
  });

  test('a re-INVITE of the callee is offered to the listener', async () => {
    const { h, leg, events, reply, invite, methods } = await dialled();
    reply(200, answer);
    methods();
    leg.listen((event) => {
      events.push(event);
      if (event.type === 'offer') event.reply.accept('re-answer');
    });
    const dialog = { from: '<sip:bob@192.0.2.9>;tag=bob', to: invite.headers.get('From') ?? '', callId: leg.callId };
    h.send({ method: 'INVITE', ...dialog, body: 're-offer' });
    h.send({ method: 'ACK', ...dialog });
    expect(methods()).toEqual([200]);
    expect(events.slice(1)).toMatchObject([{ type: 'offer', sdp: 're-offer' }, { type: 'acked' }]);
  });

  test('an INVITE of the callee while ours is pending: 491 (glare)', async () => {
    const { h, leg, reply, invite, methods } = await dialled();
    reply(180, { toTag: 'bob' });
    const dialog = { from: '<sip:bob@192.0.2.9>;tag=bob', to: invite.headers.get('From') ?? '', callId: leg.callId };
    h.send({ method: 'INVITE', ...dialog, body: SDP });
    expect(methods()).toEqual([491]);
  });
});

describe('a call that does not come about', () => {
  test.each([
    [302, 'Moved'],
    [407, 'Proxy Authentication Required'],
    [486, 'Busy Here'],
    [503, 'Service Unavailable'],
    [603, 'Decline'],
  ])('%i is acknowledged and reported', async (status, phrase) => {
    const { h, events, invite, methods } = await dialled();
    h.udp.receive(
      PEER,
      responseText(invite, { status, phrase, toTag: 'bob', extra: ['Contact: <sip:elsewhere@198.51.100.1>'] }),
    );
    expect(methods()).toEqual(['ACK']);
    expect(events).toEqual([{ type: 'ended', end: { by: 'peer', status, text: phrase } }]);
    h.clock.advance(60_000);
    expect(methods()).toEqual([]);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('the peer’s Reason is preferred to its phrase, and bounded', async () => {
    const { events, reply } = await dialled();
    reply(480, { toTag: 'bob', extra: [`Reason: Q.850;cause=18;text="${'x'.repeat(300)}"`] });
    const [end] = events;
    const text = end?.type === 'ended' ? end.end.text : '';
    expect([text.slice(0, 22), text.length]).toEqual(['Q.850;cause=18;text="x', 200]);
  });

  test('nobody answers: timer B after 32 s', async () => {
    const { h, events } = await dialled();
    h.clock.advance(31_999);
    expect(events).toEqual([]);
    h.clock.advance(1);
    await settle();
    expect(events).toEqual([{ type: 'ended', end: { by: 'transport', status: 408, text: '' } }]);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('the connection is refused', async () => {
    const h = await createHarness();
    const { events } = h.dial({ uri: 'sip:bob@192.0.2.9:5070;transport=tcp' });
    h.tcp.opened[0]?.break();
    await settle();
    expect(events).toEqual([{ type: 'ended', end: { by: 'transport', status: 503, text: '' } }]);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('a URI that leads nowhere: ended after the call to invite has returned', async () => {
    const lookup = async () => {
      throw new Error('ENOTFOUND');
    };
    for (const uri of [
      'sip:bob@nowhere.example',
      'tel:+4420',
      'sips:bob@192.0.2.9',
      'sip:bob@[2001:db8::1]',
      'garbage',
    ]) {
      const h = await createHarness({ lookup });
      const { events } = h.dial({ uri });
      expect(events).toEqual([]);
      await settle();
      expect(events).toEqual([{ type: 'ended', end: { by: 'transport', status: 0, text: '' } }]);
      expect([h.clock.pendingTimers, h.udp.take()]).toEqual([0, []]);
    }
  });

  test('an sdp function that throws ends the leg and harms nobody', async () => {
    const h = await createHarness();
    const { events } = h.dial({
      sdp: () => {
        throw new Error('no port');
      },
    });
    await settle();
    expect(events).toEqual([{ type: 'ended', end: { by: 'transport', status: 0, text: '' } }]);
    expect([h.warnings, h.clock.pendingTimers]).toEqual([[{ error: 'no port' }], 0]);
  });
});

describe('giving up', () => {
  test('CANCEL waits for a provisional response, then 487 ends the leg', async () => {
    const { h, leg, events, invite, reply, methods } = await dialled();
    leg.hangUp({ reason: 'SIP;cause=200;text="elsewhere"' });
    expect(methods()).toEqual([]);
    reply(100);
    const cancels = h.udp.takeRequests();
    expect(cancels.map(({ method }) => method)).toEqual(['CANCEL']);
    const [cancel] = cancels;
    expect(cancel?.uri).toBe(invite.uri);
    expect(cancel?.headers.get('Via')).toBe(invite.headers.get('Via'));
    expect(cancel?.headers.get('CSeq')).toBe('1 CANCEL');
    expect(cancel?.headers.get('Reason')).toBe('SIP;cause=200;text="elsewhere"');
    expect(cancel?.headers.get('To')).toBe(invite.headers.get('To'));
    if (cancel !== undefined) reply(200, { to: cancel, toTag: 'bob' });
    reply(180, { toTag: 'bob' });
    expect(events).toEqual([]);
    reply(487, { toTag: 'bob' });
    expect(methods()).toEqual(['ACK']);
    await settle();
    expect(events).toEqual([{ type: 'ended', end: { by: 'local', status: 487, text: 'Phrase' } }]);
    h.clock.advance(60_000);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('CANCEL crossing the 200: ACK and BYE', async () => {
    const { h, leg, events, reply, methods } = await dialled();
    reply(180, { toTag: 'bob' });
    leg.hangUp();
    reply(200, answer);
    reply(200, answer);
    expect(methods()).toEqual(['CANCEL', 'ACK', 'BYE', 'ACK']);
    await settle();
    expect(events.slice(1)).toEqual([local]);
    h.clock.advance(100_000);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('a 200 without any provisional response after giving up: ACK and BYE, no CANCEL', async () => {
    const { leg, reply, methods } = await dialled();
    leg.hangUp();
    reply(200, answer);
    expect(methods()).toEqual(['ACK', 'BYE']);
  });

  test('a peer that answers the CANCEL but never the INVITE is left after 32 s', async () => {
    const { h, leg, events, reply } = await dialled();
    reply(180, { toTag: 'bob' });
    leg.hangUp();
    h.clock.advance(32_000);
    await settle();
    expect(events.at(-1)).toEqual(local);
    h.clock.advance(64_000);
    expect(h.clock.pendingTimers).toBe(0);
    // The INVITE's transaction is gone with it: nobody listens to the flow any longer.
    expect(h.udp.opened.map(({ listeners }) => listeners).filter((count) => count > 0)).toEqual([]);
  });

  test('by itself when nobody picks up in time; whoever does in that moment is told why as well', async () => {
    const { h, reply, methods } = await dialled({ answerTimeoutMs: 20_000 });
    reply(180, { toTag: 'bob' });
    h.clock.advance(19_999);
    expect(methods()).toEqual([]);
    h.clock.advance(1);
    reply(200, answer);
    const sent = h.udp.takeRequests().map(({ method, headers }) => [method, headers.get('Reason')]);
    const why = 'SIP;cause=487;text="no-answer"';
    expect(sent).toEqual([
      ['CANCEL', why],
      ['ACK', undefined],
      ['BYE', why],
    ]);
  });

  test('while the name is still being looked up: nothing is sent', async () => {
    let resolve: (addresses: readonly string[]) => void = () => {};
    const h = await createHarness({ lookup: () => new Promise((done) => (resolve = done)) });
    const { leg, events } = h.dial({ uri: 'sip:bob@slow.example' });
    leg.hangUp();
    await settle();
    expect(events).toEqual([local]);
    resolve(['192.0.2.9']);
    await settle();
    expect(h.udp.take()).toEqual([]);
    expect(h.clock.pendingTimers).toBe(0);
  });
});

describe('forking', () => {
  test('a 2xx of another fork is acknowledged and ended with BYE; the first one stays', async () => {
    const { h, leg, events, reply } = await dialled();
    reply(180, { toTag: 'one' });
    reply(180, { toTag: 'two' });
    reply(200, { ...answer, toTag: 'one' });
    reply(200, { ...answer, toTag: 'two', extra: ['Contact: <sip:two@192.0.2.10>'] });
    reply(200, { ...answer, toTag: 'two' });
    const sent = h.udp.takeRequests().map(({ method, headers }) => `${method} ${tagOf(headers.get('To'))}`);
    expect(sent).toEqual(['ACK one', 'ACK two', 'BYE two', 'ACK two']);
    expect(events.map(({ type }) => type)).toEqual(['progress', 'progress', 'answered']);
    leg.hangUp();
    expect(h.udp.takeRequests().map(({ headers }) => tagOf(headers.get('To')))).toEqual(['one']);
  });

  test.each([
    ['with the leg', ({ leg }) => leg.hangUp(), ['BYE', 481]],
    // RFC 3261 section 13.2.2.4.
    ['64*T1 after the answer', ({ h }) => h.clock.advance(32_000), [481]],
  ] satisfies [string, (scene: Awaited<ReturnType<typeof dialled>>) => void, (string | number)[]][])(
    'an early dialog that never came to anything is gone %s, and nothing of it was heard in the call',
    async (_, pass, seen) => {
      const scene = await dialled();
      const { h, leg, invite, reply, methods, events } = scene;
      reply(180, { toTag: 'one' });
      reply(180, { toTag: 'two' });
      reply(200, { ...answer, toTag: 'one' });
      const digit = { method: 'INFO', type: 'application/dtmf-relay', body: 'Signal=5\r\n' };
      const send = (cseq: number) => {
        const to = invite.headers.get('From') ?? '';
        h.send({ ...digit, cseq, from: '<sip:two@x>;tag=two', to, callId: leg.callId });
      };
      methods();
      h.clock.advance(31_999);
      send(1);
      expect(methods()).toEqual([200]);
      pass(scene);
      send(2);
      expect(methods()).toEqual(seen);
      expect(events.some(({ type }) => type === 'digit')).toBe(false);
    },
  );

  test('late, after the leg has ended, all the same', async () => {
    const { h, leg, reply, methods } = await dialled();
    reply(200, { ...answer, toTag: 'one' });
    leg.hangUp();
    methods();
    h.clock.advance(20_000);
    methods();
    reply(200, { ...answer, toTag: 'two' });
    expect(methods()).toEqual(['ACK', 'BYE']);
  });

  test('a peer that invents a tag a time fills no memory', async () => {
    const { h, leg, invite, reply, methods } = await dialled();
    for (let index = 0; index < 1000; index += 1) reply(180, { toTag: `fork-${index}` });
    methods();
    const to = invite.headers.get('From') ?? '';
    h.send({ method: 'OPTIONS', from: '<sip:bob@x>;tag=fork-999', to, callId: leg.callId });
    expect(methods()).toEqual([481]);
    for (let index = 0; index < 1000; index += 1) reply(200, { ...answer, toTag: `late-${index}` });
    expect(methods().filter((method) => method === 'ACK')).toHaveLength(16);
  });

  test('of a hunt through more phones than there is room for, the one that answers is heard', async () => {
    const { events, reply, methods } = await dialled();
    for (let phone = 1; phone <= 20; phone += 1) reply(180, { toTag: `phone-${phone}` });
    reply(200, { ...answer, toTag: 'phone-20' });
    expect(methods()).toEqual(['ACK']);
    expect(events.at(-1)).toEqual({ type: 'answered', sdp: 'answer' });
    reply(200, { ...answer, toTag: 'phone-1' });
    expect(methods()).toEqual(['ACK', 'BYE']);
  });
});

test('requests in an early dialog reach it; after the end it is gone', async () => {
  const { h, leg, reply, invite, methods } = await dialled();
  reply(180, { toTag: 'bob' });
  const text = (cseq: number) =>
    requestText({
      method: 'OPTIONS',
      cseq,
      from: '<sip:bob@x>;tag=bob',
      to: invite.headers.get('From') ?? '',
      callId: leg.callId,
    });
  h.udp.receive(PEER, text(1));
  expect(methods()).toEqual([200]);
  reply(486, { toTag: 'bob' });
  methods();
  h.udp.receive(PEER, text(2));
  expect(methods()).toEqual([481]);
});

describe('a stop', () => {
  // RFC 3261 section 9.1: whoever has picked up meanwhile would hear nothing, for half a minute.
  test('ends a call that is answered while it is cancelled', async () => {
    const { h, events, reply, methods } = await dialled();
    reply(180, { toTag: 'bob' });
    const closed = h.driver[Symbol.asyncDispose]();
    await settle();
    expect([methods(), events.at(-1), h.udp.closed]).toEqual([['CANCEL'], local, false]);
    reply(200, answer);
    expect(methods()).toEqual(['ACK', 'BYE']);
    await closed;
    expect([events.length, h.clock.pendingTimers, h.udp.closed]).toEqual([2, 0, true]);
  });

  test('acknowledges the 487 of a call that it cancels, also where nobody had said anything yet', async () => {
    const { h, reply, methods } = await dialled();
    const closed = h.driver[Symbol.asyncDispose]();
    expect(methods()).toEqual([]);
    reply(100);
    expect(methods()).toEqual(['CANCEL']);
    reply(487, { toTag: 'bob' });
    expect(methods()).toEqual(['ACK']);
    await closed;
    expect([h.clock.pendingTimers, h.udp.closed]).toEqual([0, true]);
  });

  test('waits for no call that was answered', async () => {
    const { h, reply, methods } = await dialled();
    reply(200, answer);
    await h.driver[Symbol.asyncDispose]();
    expect(methods()).toEqual(['ACK', 'BYE']);
  });
});

test('inviting on an endpoint that does not run is a mistake in our own code', async () => {
  const h = await createHarness();
  await h.driver[Symbol.asyncDispose]();
  expect(() => h.dial()).toThrow(expect.objectContaining({ code: 'ERR_SIP_STATE' }));
});

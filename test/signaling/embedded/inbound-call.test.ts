import { describe, expect, test } from 'vitest';
import type { InboundLeg } from '../../../src/signaling/port.js';
import {
  answeredCall,
  createHarness,
  establishedCall,
  lastResponse,
  PEER,
  settle,
  toOf,
} from '../../support/embedded-harness.js';
import { SDP, tagOf } from '../../support/sip-text.js';

const nothing = () => {};
const typesOf = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);

describe('answering', () => {
  test('100 at once, 180, 200 with our SDP, ACK starts the call', async () => {
    const h = await createHarness({ onInvite: nothing });
    h.send({ method: 'INVITE', body: SDP });
    expect(h.statuses()).toEqual([100]);
    h.leg().ring(180);
    h.leg().accept('v=0\r\nanswer');
    const responses = h.udp.takeResponses();
    expect(responses.map(({ status }) => status)).toEqual([180, 200]);
    const [ringing, ok] = responses;
    expect(ok?.body.toString()).toBe('v=0\r\nanswer');
    expect(ok?.headers.get('Content-Type')).toBe('application/sdp');
    expect(ok?.headers.get('Contact')).toBe('<sip:2000@192.0.2.1:5060>');
    expect(ok?.headers.get('Allow')).toBe('INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY');
    expect(ringing?.headers.get('To')).toBe(ok?.headers.get('To'));
    expect(tagOf(ok?.headers.get('To'))).toMatch(/^[0-9a-f]{16}$/);
    expect(h.events()).toEqual([]);
    h.send({ method: 'ACK', to: `<sip:2000@192.0.2.1>;tag=${tagOf(ok?.headers.get('To'))}` });
    expect(h.events()).toEqual([{ type: 'acked', sdp: undefined }]);
  });

  test('what the connector sees of an INVITE', async () => {
    const h = await createHarness({ onInvite: nothing });
    h.send({
      method: 'INVITE',
      uri: 'sip:%2B4420%20x;phone-context=a@192.0.2.1;user=phone',
      to: '"Bo" <sip:2%30@192.0.2.1>',
      from: '"Al \\"x\\"" <sip:al%40ice@192.0.2.9;a=b>;tag=alice',
      extra: ['X-Tenant: acme', 'x-tenant: other', '__proto__: polluted', 'constructor: c'],
      body: SDP,
    });
    const { invite, localAddress, callId } = h.leg();
    expect(invite).toMatchObject({
      callId: 'call-1@192.0.2.9',
      requestUser: '+4420 x',
      requestUri: 'sip:%2B4420%20x;phone-context=a@192.0.2.1;user=phone',
      toUser: '20',
      fromUser: 'al@ice',
      fromDisplayName: 'Al "x"',
      source: { protocol: 'udp', ...PEER },
      receivedAtMs: 0,
      sdp: SDP,
    });
    expect(invite.headers.get('x-tenant')).toEqual(['acme', 'other']);
    expect(invite.headers.get('__proto__')).toEqual(['polluted']);
    expect([localAddress, callId]).toEqual(['192.0.2.1', 'call-1@192.0.2.9']);
    h.leg().accept(SDP);
    // The user comes back percent-encoded, so that nothing of it can leave its place.
    expect(lastResponse(h.udp.take()).headers.get('Contact')).toBe('<sip:+4420%20x@192.0.2.1:5060>');
  });

  test('late offer: the 200 carries our offer, the ACK brings the answer', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h, { body: '' });
    expect(h.leg().invite.sdp).toBeUndefined();
    h.send({ method: 'ACK', to, body: 'v=0\r\ntheirs' });
    expect(h.events()).toEqual([{ type: 'acked', sdp: 'v=0\r\ntheirs' }]);
  });

  test('early media: 183 with SDP', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(183, 'early') });
    h.send({ method: 'INVITE', body: SDP });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.body.toString()]).toEqual([183, 'early']);
  });

  test('a long ringing is repeated every minute and given up in the end', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', body: SDP });
    h.clock.advance(199_999);
    expect(h.udp.take().map(({ atMs }) => atMs)).toEqual([0, 0, 60_000, 120_000, 180_000]);
    h.clock.advance(1);
    await settle();
    expect(lastResponse(h.udp.take()).status).toBe(480);
    expect(h.events()).toEqual([{ type: 'ended', end: { by: 'local', status: 480, text: '' } }]);
  });

  test('Expires: 487 when it runs out', async () => {
    const h = await createHarness({ onInvite: nothing });
    h.send({ method: 'INVITE', body: SDP, extra: ['Expires: 30'] });
    h.clock.advance(30_000);
    expect(h.statuses()).toEqual([100, 487]);
    expect(h.events()).toEqual([{ type: 'ended', end: { by: 'peer', status: 487, text: '' } }]);
  });

  test('an Expires of 2^32 s is no reason to give up at once', async () => {
    const h = await createHarness({ onInvite: nothing });
    h.send({ method: 'INVITE', body: SDP, extra: ['Expires: 4294967296'] });
    h.clock.advance(60_000);
    expect(h.statuses()).toEqual([100]);
  });

  test('reject carries phrase, Retry-After and Reason; line ends in them break nothing', async () => {
    const h = await createHarness({
      onInvite: (leg) =>
        leg.reject(503, { phrase: 'Busy\r\nX: y', retryAfterSeconds: 3, reason: 'SIP;cause=503\r\nX: y' }),
    });
    h.send({ method: 'INVITE', body: SDP });
    const response = lastResponse(h.udp.take());
    expect(response.phrase).toBe('Busy X: y');
    expect(response.headers.get('Retry-After')).toBe('3');
    expect(response.headers.get('Reason')).toBe('SIP;cause=503 X: y');
    expect(response.headers.has('X')).toBe(false);
    await settle();
    expect(h.events()).toEqual([{ type: 'ended', end: { by: 'local', status: 503, text: '' } }]);
  });

  test('nothing is sent after a final response, and a status that is none becomes 500', async () => {
    const h = await createHarness({
      onInvite: (leg) => {
        leg.reject(42);
        leg.ring(180);
        leg.accept(SDP);
        leg.reject(404);
        leg.hangUp();
      },
    });
    h.send({ method: 'INVITE', body: SDP });
    expect(h.statuses()).toEqual([500]);
    await settle();
    expect(typesOf(h.events())).toEqual(['ended']);
  });

  test('an INVITE that is refused at once gets no 100, which would be half the work of a flood', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.reject(503, { retryAfterSeconds: 5 }) });
    h.send({ method: 'INVITE', body: SDP });
    expect(h.statuses()).toEqual([503]);
  });

  test('a handler that throws, now or later, leaves the caller with 500', async () => {
    const cases = [
      {
        onInvite: () => {
          throw new Error('boom');
        },
        statuses: [500],
      },
      {
        onInvite: async () => {
          throw new Error('boom');
        },
        statuses: [100, 500],
      },
    ];
    for (const { onInvite, statuses } of cases) {
      const h = await createHarness({ onInvite });
      h.send({ method: 'INVITE', body: SDP });
      await settle();
      expect(h.statuses()).toEqual(statuses);
      expect(h.warnings).toEqual([{ error: 'boom' }]);
    }
  });

  test('a listener that throws on a digit does not end the call', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.leg().listen(() => {
      throw new Error('boom');
    });
    h.send({ method: 'INFO', to, cseq: 2, type: 'application/dtmf', body: '5' });
    h.send({ method: 'BYE', to, cseq: 3 });
    expect(h.statuses()).toEqual([200, 200]);
  });
});

describe('retransmission and ACK', () => {
  test('the same INVITE again gets the same answer and makes no second call', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    const text = h.send({ method: 'INVITE', body: SDP });
    h.udp.receive(PEER, text);
    expect(h.statuses()).toEqual([100, 180, 180]);
    h.leg().reject(404);
    h.udp.receive(PEER, text);
    expect(h.statuses()).toEqual([404, 404]);
    expect(h.legs).toHaveLength(1);
  });

  test.each(['udp', 'tcp'] as const)(
    '%s: without ACK the 200 goes out at 0.5, 1.5, 3.5 s and every 4 s, then BYE',
    async (protocol) => {
      const h = await createHarness();
      const transport = h[protocol];
      const contact = protocol === 'tcp' ? '<sip:alice@192.0.2.9:5070;transport=tcp>' : '<sip:alice@192.0.2.9:5070>';
      const text = h
        .send({ method: 'OPTIONS', callId: 'x' })
        .replaceAll('OPTIONS', 'INVITE')
        .replace('SIP/2.0/UDP', `SIP/2.0/${protocol.toUpperCase()}`)
        .replace(/Contact: .*/, `Contact: ${contact}`);
      h.udp.take();
      transport.receive(PEER, text);
      h.clock.advance(31_999);
      const sent = transport.take();
      expect(sent.slice(1).map(({ atMs }) => atMs / 1000)).toEqual([
        0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
      ]);
      expect(new Set(sent.slice(1).map(({ message }) => message.headers.get('To'))).size).toBe(1);
      h.clock.advance(1);
      // The leg is over with the BYE; only its transaction lives on.
      expect(h.events()).toEqual([{ type: 'ended', end: { by: 'ack-timeout', status: 0, text: '' } }]);
      const [bye] = transport.takeRequests();
      expect(bye?.method).toBe('BYE');
      expect(bye?.headers.get('Reason')).toBe('SIP;cause=408;text="ack-timeout"');
      h.clock.advance(64_000);
      expect(h.clock.pendingTimers).toBe(0);
    },
  );

  test('an ACK of another CSeq or another dialog does not count', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h);
    h.send({ method: 'ACK', to, cseq: 2 });
    h.send({ method: 'ACK', to: '<sip:2000@192.0.2.1>;tag=wrong' });
    h.send({ method: 'ACK', to, from: '<sip:alice@192.0.2.9>;tag=wrong' });
    h.clock.advance(500);
    expect(h.statuses()).toEqual([200]);
    expect(h.events()).toEqual([]);
    h.send({ method: 'ACK', to });
    h.send({ method: 'ACK', to });
    h.clock.advance(60_000);
    expect(h.statuses()).toEqual([]);
    expect(typesOf(h.events())).toEqual(['acked']);
  });

  test('200 calls that nobody acknowledges are gone within 45 s', async () => {
    const h = await createHarness();
    for (let index = 0; index < 200; index += 1) answeredCall(h, { callId: `dead-${index}` });
    h.clock.advance(45_000);
    expect(h.legs.map(({ events }) => typesOf(events).join())).toEqual(Array(200).fill('ended'));
    h.clock.advance(30_000);
    expect(h.clock.pendingTimers).toBe(0);
  });
});

describe('CANCEL', () => {
  const via = 'UDP 192.0.2.9:5070;branch=z9hG4bKcancelled;rport';

  test('before the 200: 200 to the CANCEL, 487 to the INVITE, the leg ends', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', via, body: SDP });
    h.udp.take();
    h.send({ method: 'CANCEL', via, extra: ['Reason: SIP;cause=200;text="elsewhere"'] });
    const responses = h.udp.takeResponses();
    expect(responses.map(({ status, headers }) => `${status} ${headers.get('CSeq')}`)).toEqual([
      '200 1 CANCEL',
      '487 1 INVITE',
    ]);
    expect(h.events()).toEqual([
      { type: 'ended', end: { by: 'peer', status: 487, text: 'SIP;cause=200;text="elsewhere"' } },
    ]);
    h.leg().accept(SDP);
    expect(h.statuses()).toEqual([]);
  });

  test('crossing the 200 leaves an ordinary call that BYE ends', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h, { via });
    h.send({ method: 'CANCEL', via });
    h.send({ method: 'ACK', to });
    expect(h.statuses()).toEqual([200]);
    expect(typesOf(h.events())).toEqual(['acked']);
    h.send({ method: 'BYE', to, cseq: 2 });
    expect(h.statuses()).toEqual([200]);
    expect(typesOf(h.events())).toEqual(['acked', 'ended']);
  });
});

describe('BYE of the peer', () => {
  test('ends the leg with the Reason it gave, bounded', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.send({ method: 'BYE', to, cseq: 2, extra: [`Reason: Q.850;cause=16;text="${'x'.repeat(500)}"`] });
    const end = h.events().at(-1);
    expect(end).toMatchObject({ type: 'ended', end: { by: 'peer', status: 0 } });
    expect(end?.type === 'ended' && end.end.text.length).toBe(200);
  });

  test('repeated: the same answer; sent a second time: 481', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    const text = h.send({ method: 'BYE', to, cseq: 2 });
    h.udp.receive(PEER, text);
    h.send({ method: 'BYE', to, cseq: 3 });
    expect(h.statuses()).toEqual([200, 200, 481]);
    expect(typesOf(h.events())).toEqual(['acked', 'ended']);
  });

  test('before the ACK is fine, and ends the repetition of the 200', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h);
    h.send({ method: 'BYE', to, cseq: 2 });
    h.clock.advance(60_000);
    expect(h.statuses()).toEqual([200]);
    expect(typesOf(h.events())).toEqual(['ended']);
    expect(h.clock.pendingTimers).toBe(0);
  });

  test('in an early dialog: 200, and 487 to the INVITE', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', body: SDP });
    const to = toOf(lastResponse(h.udp.take()));
    h.send({ method: 'BYE', to, cseq: 2 });
    expect(h.udp.takeResponses().map(({ status, headers }) => `${status} ${headers.get('CSeq')}`)).toEqual([
      '200 2 BYE',
      '487 1 INVITE',
    ]);
    expect(h.events()).toEqual([{ type: 'ended', end: { by: 'peer', status: 487, text: '' } }]);
  });

  test('with wrong tags or Call-ID: 481, and the call goes on', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.send({ method: 'BYE', to: '<sip:2000@192.0.2.1>;tag=wrong', cseq: 2 });
    h.send({ method: 'BYE', to, from: '<sip:alice@192.0.2.9>;tag=wrong', cseq: 2 });
    h.send({ method: 'BYE', to, callId: 'wrong', cseq: 2 });
    h.send({ method: 'BYE', to: '<sip:2000@192.0.2.1>', cseq: 2 });
    expect(h.statuses()).toEqual([481, 481, 481, 481]);
    expect(typesOf(h.events())).toEqual(['acked']);
  });

  test('with a CSeq lower than the last: 500, and the call goes on', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h, { cseq: 1 });
    h.send({ method: 'OPTIONS', to, cseq: 10 });
    h.send({ method: 'BYE', to, cseq: 9 });
    h.send({ method: 'BYE', to, cseq: 11 });
    expect(h.statuses()).toEqual([200, 500, 200]);
  });
});

describe('hanging up', () => {
  test('an answered call: BYE to the Contact with our tag and the next CSeq; ended follows', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h, { contact: '<sip:alice@192.0.2.9:5080>' });
    h.leg().hangUp({ reason: 'SIP;cause=200;text="normal"' });
    h.leg().hangUp();
    expect(typesOf(h.events())).toEqual(['acked']);
    await settle();
    expect(h.events().at(-1)).toEqual({ type: 'ended', end: { by: 'local', status: 0, text: '' } });
    const [sent] = h.udp.take();
    expect(sent?.to).toEqual({ address: '192.0.2.9', port: 5080 });
    const bye = sent?.message;
    if (bye?.kind !== 'request') throw new Error('no BYE');
    expect([bye.method, bye.uri]).toEqual(['BYE', 'sip:alice@192.0.2.9:5080']);
    expect(tagOf(bye.headers.get('From'))).toBe(tagOf(to));
    expect(bye.headers.get('To')).toBe('"Alice" <sip:alice@192.0.2.9>;tag=alice');
    expect(bye.headers.get('CSeq')).toBe('1 BYE');
    expect(bye.headers.get('Reason')).toBe('SIP;cause=200;text="normal"');
    expect(bye.headers.get('Via')).toMatch(/^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK[0-9a-f]{24};rport$/);
  });

  test('an answered call without ACK: the BYE waits for the ACK (RFC 3261 section 15)', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h);
    h.leg().hangUp();
    await settle();
    expect([h.udp.take(), h.events()]).toEqual([[], []]);
    h.send({ method: 'ACK', to });
    expect(h.udp.takeRequests().map(({ method }) => method)).toEqual(['BYE']);
    await settle();
    expect(typesOf(h.events())).toEqual(['acked', 'ended']);
  });

  test('an answered call whose ACK never comes: BYE after 32 s', async () => {
    const h = await createHarness();
    answeredCall(h);
    h.leg().hangUp();
    h.clock.advance(32_000);
    await settle();
    expect(h.events()).toEqual([{ type: 'ended', end: { by: 'local', status: 0, text: '' } }]);
    expect(h.udp.take().filter(({ message }) => message.kind === 'request')).toHaveLength(1);
  });

  test('a pending call: 480 or the status given', async () => {
    for (const [options, status] of [
      [undefined, 480],
      [{ status: 503, retryAfterSeconds: 4 }, 503],
    ] as const) {
      const h = await createHarness({ onInvite: nothing });
      h.send({ method: 'INVITE', body: SDP });
      h.leg().hangUp(options);
      expect(h.statuses()).toEqual([100, status]);
      await settle();
      expect(h.events()).toEqual([{ type: 'ended', end: { by: 'local', status, text: '' } }]);
    }
  });

  test('a BYE that crosses ours gets 200, anything else 481; after that the dialog is gone', async () => {
    const h = await createHarness();
    const { to } = establishedCall(h);
    h.leg().hangUp();
    h.send({ method: 'BYE', to, cseq: 2 });
    h.send({ method: 'INFO', to, cseq: 3 });
    expect(
      h.udp
        .take()
        .slice(1)
        .map(({ message }) => message.kind === 'response' && message.status),
    ).toEqual([200, 481]);
    h.clock.advance(32_000);
    h.udp.take();
    h.send({ method: 'BYE', to, cseq: 4 });
    expect(h.statuses()).toEqual([481]);
    await settle();
    expect(typesOf(h.events())).toEqual(['acked', 'ended']);
  });

  test('from inside the listener, as the last thing it hears', async () => {
    const h = await createHarness();
    const { to } = answeredCall(h);
    const heard: string[] = [];
    const leg: InboundLeg = h.leg();
    leg.listen((event) => {
      heard.push(event.type);
      if (event.type === 'acked') leg.hangUp();
    });
    h.send({ method: 'ACK', to });
    expect(heard).toEqual(['acked']);
    await settle();
    expect(heard).toEqual(['acked', 'ended']);
  });
});

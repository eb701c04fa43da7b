import { describe, expect, test } from 'vitest';
import { header } from '../../fakes/drachtio-server/index.js';
import { ANSWER, DrachtioHarness, OFFER, SDP } from '../../support/drachtio-harness.js';
import { processorMsOf } from '../../support/processor-time.js';

describe('a call that a server hands over', () => {
  test('rings, is answered, acknowledged, and ended by the caller', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({ to: '2000', from: '1000', contentType: SDP, body: OFFER });
    const { invite } = leg.it;
    expect(invite).toMatchObject({
      callId: call.callId,
      requestUser: '2000',
      toUser: '2000',
      fromUser: '1000',
      fromDisplayName: 'A peer',
      source: { protocol: 'udp', address: '127.0.0.1', port: 5090 },
      sdp: OFFER,
    });
    expect(invite.headers.get('contact')).toEqual(['<sip:peer@127.0.0.1:5090>']);
    expect(leg.it.localAddress).toBe('127.0.0.1');
    leg.it.ring(180);
    await call.response(180);
    leg.it.accept(ANSWER, { headers: new Map([['X-Agent', 'echo']]) });
    const success = await call.response(200);
    expect([success.body, header(success, 'content-type'), header(success, 'x-agent')]).toEqual([ANSWER, SDP, 'echo']);
    expect(header(success, 'allow')).toContain('INVITE');
    call.ack();
    expect(await leg.event('acked')).toEqual({ type: 'acked', sdp: undefined });
    call.request('BYE', { headers: [['Reason', 'Q.850;cause=16']] });
    await call.response(200, 'BYE');
    expect((await leg.event('ended')).end).toEqual({ by: 'peer', status: 0, text: 'Q.850;cause=16' });
  });

  test('with a late offer brings the answer in the ACK', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({});
    expect(leg.it.invite.sdp).toBeUndefined();
    leg.it.accept(OFFER);
    await call.response(200);
    call.ack(ANSWER);
    expect(await leg.event('acked')).toEqual({ type: 'acked', sdp: ANSWER });
  });

  test('is given early media by 183', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.ring(183, ANSWER);
    expect((await call.response(183)).body).toBe(ANSWER);
  });

  test('is refused with phrase, Retry-After, Reason and header fields', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    const headers = new Map([['X-Why', 'full']]);
    leg.it.reject(503, { phrase: 'Too many', retryAfterSeconds: 5, reason: 'Q.850;cause=42', headers });
    const refusal = await call.response(503);
    expect(refusal.startLine).toBe('SIP/2.0 503 Too many');
    expect(['retry-after', 'reason', 'x-why'].map((name) => header(refusal, name))).toEqual([
      '5',
      'Q.850;cause=42',
      'full',
    ]);
    expect((await leg.event('ended')).end).toEqual({ by: 'local', status: 503, text: '' });
  });

  test('is refused with the x00 of a status that drachtio-srf has not heard of', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.reject(607);
    expect((await call.response(600)).startLine).toBe('SIP/2.0 600 Unwanted');
  });

  test('is cancelled: the server has answered, the leg ends once', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.ring(180);
    await call.response(180);
    call.cancel([['Reason', 'SIP;cause=200;text="Call completed elsewhere"']]);
    const { end } = await leg.event('ended');
    expect(end).toEqual({ by: 'peer', status: 487, text: 'SIP;cause=200;text="Call completed elsewhere"' });
    leg.it.accept(ANSWER);
    leg.it.hangUp();
    expect(leg.events).toHaveLength(1);
  });

  test('ends as cancelled where the CANCEL reached the server before our 200 did', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.ring(180);
    await call.response(180);
    call.failNext({ type: 'refuse', text: 'Response not sent due to unknown transaction' });
    leg.it.accept(ANSWER);
    expect((await leg.event('ended')).end).toEqual({ by: 'peer', status: 487, text: '' });
  });

  test('ends without a way where the caller has closed the connection before the 200', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    call.failNext({ type: 'refuse', text: 'transport for response has been shutdown or closed' });
    leg.it.accept(ANSWER);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'transport' });
  });

  test('that we end before its ACK gets its BYE when the ACK has come', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(ANSWER);
    await call.response(200);
    leg.it.hangUp({ reason: 'SIP;cause=200;text="normal"', headers: new Map([['X-Bill', '1']]) });
    call.ack();
    const { message } = await call.own('BYE');
    expect([header(message, 'reason'), header(message, 'x-bill')]).toEqual(['SIP;cause=200;text="normal"', '1']);
    expect((await leg.event('ended')).end).toEqual({ by: 'local', status: 0, text: '' });
  });

  test('without an ACK is ended by the server, which says so', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(ANSWER);
    await call.response(200);
    call.serversBye('ACK timeout');
    expect((await leg.event('ended')).end).toEqual({ by: 'ack-timeout', status: 0, text: '' });
  });

  test('without an ACK is ended by us where the server says nothing', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(ANSWER);
    await call.response(200);
    harness.clock.advance(34_000);
    expect((await leg.event('ended')).end.by).toBe('ack-timeout');
    expect(header((await call.own('BYE')).message, 'reason')).toContain('ack-timeout');
  });

  test('whose session timer ran out at the server ends', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    call.serversBye('Session timer expired');
    expect((await leg.event('ended')).end).toMatchObject({ by: 'transport', status: 408 });
  });

  test('is answered 487 when its Expires is over', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({ headers: [['Expires', '20']], contentType: SDP, body: OFFER });
    harness.clock.advance(20_000);
    await call.response(487);
    expect((await leg.event('ended')).end).toEqual({ by: 'peer', status: 487, text: '' });
  });

  test('keeps ringing so that proxies keep waiting, and stops when it is answered', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.ring(180);
    await call.response(180);
    harness.clock.advance(60_000);
    await call.response(180);
    leg.it.accept(ANSWER);
    await call.response(200);
    harness.clock.advance(10);
    call.request('BYE');
    await call.response(200, 'BYE');
    expect(call.unseen).toBe(0);
  });

  test('that requires reliable provisional responses gets them from the server, and an early dialog', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({ headers: [['Require', '100rel']], contentType: SDP, body: OFFER });
    leg.it.ring(183, ANSWER);
    const progress = await call.response(183);
    expect(['require', 'rseq', 'contact'].map((name) => header(progress, name))).toEqual([
      '100rel',
      '1',
      '<sip:2000@127.0.0.1:5060>',
    ]);
    leg.it.accept(ANSWER);
    // The answer is out already (RFC 3262 section 5).
    expect((await call.response(200)).body).toBe('');
  });

  test.each([
    [false, '<sip:2000@127.0.0.1:5060>'],
    [true, '<sips:2000@127.0.0.1:5060;transport=tls>'],
  ])('is told in the 180 where to ask; secure: %s', async (secure, contact) => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({ secure, contentType: SDP, body: OFFER });
    leg.it.ring(180);
    expect(header(await call.response(180), 'contact')).toBe(contact);
  });

  test.each(['Require', 'Supported'])('with 100rel in %s, but no PRACK, leaves the server alive', async (name) => {
    await using harness = await DrachtioHarness.start();
    const content = { headers: [[name, '100rel']], contentType: SDP, body: OFFER } as const;
    const { call, leg } = await harness.incoming(content);
    leg.it.ring(180);
    await call.response(180);
    leg.it.reject(486);
    await call.response(486);
    const second = await harness.incoming(content);
    second.leg.it.ring(180);
    await second.call.response(180);
    second.call.cancel();
    expect((await second.leg.event('ended')).end.status).toBe(487);
    expect(harness.server.died).toBe(false);
  });

  test('without an offer that requires reliable provisional responses hears none (RFC 3262 section 5)', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({ headers: [['Require', '100rel']] });
    leg.it.ring(180);
    leg.it.accept(OFFER);
    await call.response(200);
    expect(call.unseen).toBe(0);
  });

  test.each(['"Folded\r\n  name"', '"x\r\n X-Smuggled: y"'])(
    'whose From is folded is answered, and puts no field into our responses: %j',
    async (displayName) => {
      await using harness = await DrachtioHarness.start();
      const { call, leg } = await harness.incoming({ displayName, contentType: SDP, body: OFFER });
      leg.it.ring(180);
      leg.it.accept(ANSWER);
      const success = await call.response(200);
      expect(header(success, 'x-smuggled')).toBeUndefined();
    },
  );

  test('that comes by WebSocket over TLS may ask for all of it to be secure', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming({ secure: 'wss', contentType: SDP, body: OFFER });
    expect(leg.it.invite.source.protocol).toBe('wss');
    leg.it.ring(180);
    // RFC 7118 section 5.2: there is but one name for both.
    expect(header(await call.response(180), 'contact')).toBe('<sips:2000@127.0.0.1:5060;transport=ws>');
  });

  test('whose session has a name in ISO 8859-1 is read to its end', async () => {
    await using harness = await DrachtioHarness.start();
    const body = `${OFFER.replace('s=-', 's=Büro José')}a=sendonly\r\n`;
    const { leg } = await harness.incoming({ contentType: SDP, body, encoding: 'latin1' });
    expect(leg.it.invite.sdp).toMatch(/a=sendonly\r\n$/);
  });

  // drachtio-srf looks for the parts of a body, and tries each blank of one with all that follow: fifteen seconds.
  test.each([
    ['multipart/mixed;boundary=x', `--x\r\n\r\n--x\r\nContent-Type:${' '.repeat(60_000)}y`],
    [`multipart/${';'.repeat(60_000)}`, 'x\r\n\r\n'],
  ])('whose body of many parts is never read costs no time: %.20s', async (contentType, body) => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    const costMs = await processorMsOf(() => harness.server.call({ contentType, body }).response(415));
    expect(costMs).toBeLessThan(1_000);
  });

  // What tries each blank as the first before a line end takes ten seconds, for everybody's calls.
  test('whose From has 60,000 blanks costs no time', async () => {
    await using harness = await DrachtioHarness.start();
    const displayName = `"${' '.repeat(60_000)}x"`;
    const costMs = await processorMsOf(async () => {
      const { call, leg } = await harness.incoming({ displayName, contentType: SDP, body: OFFER });
      leg.it.ring(180);
      await call.response(180);
    });
    expect(costMs).toBeLessThan(1_000);
  });

  test('whose handler throws is answered 500', async () => {
    await using harness = await DrachtioHarness.start({
      onInvite: () => {
        throw new Error('broken');
      },
    });
    await harness.routed();
    await harness.server.call({ contentType: SDP, body: OFFER }).response(500);
  });

  test('whose listener throws before the answer is answered 500, and the next call comes', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.listen(() => {
      throw new Error('broken');
    });
    // Told at once that there is no dialog for it yet.
    leg.it.reoffer(OFFER);
    await call.response(500);
    await harness.answered();
  });

  test('cannot smuggle a line end into a header field of ours', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    expect(() => leg.it.accept(ANSWER, { headers: new Map([['X-A', 'b\r\nX-C: d']]) })).toThrow(
      expect.objectContaining({ code: 'ERR_SIP_STATE' }),
    );
    leg.it.reject(486, { reason: 'SIP\r\nX-C: d' });
    expect(header(await call.response(486), 'x-c')).toBeUndefined();
  });
});

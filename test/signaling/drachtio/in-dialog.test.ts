import { describe, expect, test } from 'vitest';
import { header } from '../../fakes/drachtio-server/index.js';
import { ANSWER, DrachtioHarness, OFFER, SDP } from '../../support/drachtio-harness.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';

const RELAY = { contentType: 'application/dtmf-relay', body: 'Signal=5\r\nDuration=160\r\n' };
const HOLD = OFFER.replace('t=0 0\r\n', 't=0 0\r\na=sendonly\r\n');

describe('what a peer asks in its dialog', () => {
  test('a digit by INFO is answered 200 and heard once; another body gets 415', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    call.request('INFO', RELAY);
    await call.response(200, 'INFO');
    expect(await leg.event('digit')).toEqual({ type: 'digit', digit: '5', durationMs: 160 });
    call.request('INFO', { contentType: 'application/json', body: '{}' });
    expect(header(await call.response(415, 'INFO'), 'accept')).toContain('application/dtmf-relay');
  });

  test('OPTIONS gets 200, whatever the availability', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    harness.driver.setAvailability('full');
    call.request('OPTIONS');
    expect(header(await call.response(200, 'OPTIONS'), 'allow')).toContain('INVITE');
  });

  test('MESSAGE gets 405 with Allow, an unheard-of method 501, Require of what nobody has 420', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    call.request('MESSAGE', { contentType: 'text/plain', body: 'hello' });
    expect(header(await call.response(405, 'MESSAGE'), 'allow')).toContain('INVITE');
    call.request('FLY');
    await call.response(501, 'FLY');
    call.request('INVITE', { headers: [['Require', 'teleportation']], contentType: SDP, body: OFFER });
    expect(header(await call.response(420), 'unsupported')).toBe('teleportation');
  });

  test('REFER is declined', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    call.request('REFER', { headers: [['Refer-To', '<sip:sales@example.com>']] });
    await call.response(603, 'REFER');
  });

  test('hold and resume by re-INVITE are answered, and their ACKs heard', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    const offers: (string | undefined)[] = [];
    leg.it.listen((event) => {
      if (event.type !== 'offer') return;
      offers.push(event.sdp);
      event.reply.accept(ANSWER);
    });
    for (const body of [HOLD, OFFER]) {
      call.request('INVITE', { contentType: SDP, body });
      const success = await call.response(200);
      expect([success.body, header(success, 'content-type')]).toEqual([ANSWER, SDP]);
      call.ack();
    }
    expect(offers).toEqual([HOLD, OFFER]);
  });

  test('a re-INVITE without offer gets ours, and the ACK brings the answer', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    const acked: (string | undefined)[] = [];
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.accept(OFFER);
      if (event.type === 'acked') acked.push(event.sdp);
    });
    call.request('INVITE');
    expect((await call.response(200)).body).toBe(OFFER);
    // A second one crosses the first, whose answer is not here yet.
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await call.response(491);
    call.ack(ANSWER);
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    expect(acked).toEqual([ANSWER]);
  });

  test('the ACK of the re-INVITE before it is no answer to our offer', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    const acked: (string | undefined)[] = [];
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.accept(event.sdp === undefined ? OFFER : ANSWER);
      if (event.type === 'acked') acked.push(event.sdp);
    });
    call.request('INVITE', { contentType: SDP, body: HOLD });
    await call.response(200);
    call.request('INVITE');
    await call.response(200);
    call.late('ACK');
    call.ack(ANSWER);
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    expect(acked).toEqual([ANSWER]);
  });

  test('an unusable re-INVITE is refused, the call goes on, and the next one is answered', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    const statuses = [488, 0];
    leg.it.listen((event) => {
      if (event.type !== 'offer') return;
      const status = statuses.shift() ?? 0;
      if (status > 0) event.reply.reject(status);
      else event.reply.accept(ANSWER);
    });
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await call.response(488);
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await call.response(200);
    call.ack();
    call.request('BYE');
    await call.response(200, 'BYE');
  });

  test('a re-INVITE that nobody answers gets 500', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await eventLoopTurns(30);
    harness.clock.advance(1);
    await call.response(500);
  });

  test('a CSeq below the last gets 500, and the call goes on', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    // Below that of the INVITE already.
    call.late('INFO');
    await call.response(500, 'INFO');
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    call.late('INFO');
    await call.response(500, 'INFO');
    call.request('BYE');
    await call.response(200, 'BYE');
  });

  test('a second BYE and a late request get 481', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    call.burst(['BYE'], ['BYE'], ['OPTIONS']);
    await call.response(200, 'BYE');
    await call.response(481, 'BYE');
    await call.response(481, 'OPTIONS');
  });

  test('everything in one piece is handled in its order', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.accept(ANSWER);
    await call.response(200);
    call.ack();
    call.burst(['INFO', RELAY], ['INFO', { ...RELAY, body: 'Signal=#\r\n' }], ['BYE']);
    await leg.event('ended');
    expect(leg.events.map((event) => (event.type === 'digit' ? event.digit : event.type))).toEqual([
      'acked',
      '5',
      '#',
      'ended',
    ]);
  });
});

describe('what we ask in a dialog', () => {
  test('hold by re-INVITE: the answer comes, its ACK leaves', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.reoffer(() => HOLD);
    const invite = await call.own('INVITE');
    expect([invite.message.body, header(invite.message, 'content-type')]).toEqual([HOLD, SDP]);
    invite.respond(100);
    invite.respond(200, { contentType: SDP, body: ANSWER });
    expect(await leg.event('reoffered')).toEqual({ type: 'reoffered', status: 200, sdp: ANSWER });
    await call.own('ACK');
  });

  test('a refused re-INVITE hinders no later one', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.reoffer(HOLD);
    (await call.own('INVITE')).respond(488);
    expect(await leg.event('reoffered')).toEqual({ type: 'reoffered', status: 488, sdp: undefined });
    leg.it.reoffer(OFFER);
    (await call.own('INVITE')).respond(200, { contentType: SDP, body: ANSWER });
    expect(await leg.event('reoffered')).toMatchObject({ status: 200 });
  });

  test('a re-INVITE that crosses the peer\u2019s comes again', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.reoffer(HOLD);
    const first = await call.own('INVITE');
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await call.response(491);
    first.respond(491);
    await eventLoopTurns(30);
    harness.clock.advance(4_000);
    (await call.own('INVITE')).respond(200, { contentType: SDP, body: ANSWER });
    expect(await leg.event('reoffered')).toMatchObject({ status: 200 });
  });

  test('a re-INVITE that the peer knows no dialog for ends the call', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.reoffer(HOLD);
    (await call.own('INVITE')).respond(481);
    await call.own('BYE');
    expect((await leg.event('ended')).end).toMatchObject({ by: 'peer', status: 481 });
  });

  test('a request that the server knows no dialog for ends the call', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    call.failNext({ type: 'refuse', text: 'Server error: unable to find dialog for dialog id provided' });
    leg.it.sendDigit('5', 160);
    expect((await leg.event('ended')).end).toEqual({ by: 'transport', status: 481, text: '' });
  });

  test('a transfer is followed to its result', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.refer({ uri: 'sip:sales@example.com', headers: new Map([['X-Case', '7']]) });
    const refer = await call.own('REFER');
    const { message } = refer;
    expect(['refer-to', 'referred-by', 'x-case'].map((name) => header(message, name))).toEqual([
      '<sip:sales@example.com>',
      '<sip:2000@127.0.0.1:5060>',
      '7',
    ]);
    refer.respond(202);
    const id = header(message, 'cseq')?.split(' ')[0];
    const notify = (state: string, body: string) =>
      call.request('NOTIFY', {
        headers: [
          ['Event', `refer;id=${id}`],
          ['Subscription-State', state],
        ],
        contentType: 'message/sipfrag',
        body,
      });
    notify('active', 'SIP/2.0 180 Ringing\r\n');
    expect(await leg.event('transfer')).toMatchObject({ status: 180, final: false });
    notify('terminated', 'SIP/2.0 486 Busy Here\r\n');
    expect(await leg.event('transfer')).toMatchObject({ status: 486, final: true });
    await call.response(200, 'NOTIFY');
    await call.response(200, 'NOTIFY');
  });

  test('a transfer that the peer declines, or never answers, has failed', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.refer({ uri: 'sip:sales@example.com' });
    (await call.own('REFER')).respond(603);
    expect(await leg.event('transfer')).toMatchObject({ status: 603, final: true });
    leg.it.refer({ uri: 'sip:sales@example.com' });
    await call.own('REFER');
    harness.clock.advance(34_000);
    expect(await leg.event('transfer')).toMatchObject({ status: 408, final: true });
  });

  test('a call takes the place of another: Replaces names its dialog', async () => {
    await using harness = await DrachtioHarness.start();
    const [first, second] = [await harness.answered(), await harness.answered()];
    first.leg.it.refer({ uri: 'sip:sales@example.com', replaces: second.leg.it });
    const { message } = await first.call.own('REFER');
    const { callId, ownTag, peerTag } = second.call;
    const replaces = encodeURIComponent(`${callId};to-tag=${peerTag};from-tag=${ownTag}`);
    expect(header(message, 'refer-to')).toBe(`<sip:sales@example.com?Replaces=${replaces}>`);
  });

  test('digits by INFO leave one after the other', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.sendDigit('1', 160);
    leg.it.sendDigit('2', 160);
    const first = await call.own('INFO');
    expect([first.message.body, call.unseen]).toEqual(['Signal=1\r\nDuration=160\r\n', 0]);
    first.respond(200);
    expect((await call.own('INFO')).message.body).toContain('Signal=2');
    expect(() => leg.it.sendDigit('x', 100)).toThrow(expect.objectContaining({ code: 'ERR_SIP_STATE' }));
  });

  test('REFER, INFO and BYE say that we know session timers (RFC 4028 section 7.1)', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.refer({ uri: 'sip:sales@example.com' });
    leg.it.sendDigit('1', 160);
    leg.it.hangUp();
    for (const method of ['REFER', 'INFO', 'BYE'] as const)
      expect(header((await call.own(method)).message, 'supported')).toBe('timer');
  });

  test('BYE says why, and a BYE that crosses it gets 200', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.hangUp({ reason: 'SIP;cause=200;text="normal"' });
    expect((await leg.event('ended')).end).toEqual({ by: 'local', status: 0, text: '' });
    expect(header((await call.own('BYE')).message, 'reason')).toBe('SIP;cause=200;text="normal"');
    call.request('BYE');
    await call.response(200, 'BYE');
  });

  test('UPDATE with an offer is an offer, without one a refresh', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.accept(ANSWER);
    });
    call.request('UPDATE', { contentType: SDP, body: HOLD });
    const answer = await call.response(200, 'UPDATE');
    expect(answer.body).toBe(ANSWER);
    call.request('UPDATE');
    const refresh = await call.response(200, 'UPDATE');
    expect(refresh.body).toBe('');
    // RFC 3311 section 5.1: the server adds it to the 2xx of an INVITE alone.
    for (const response of [answer, refresh]) expect(header(response, 'contact')).toBe('<sip:2000@127.0.0.1:5060>');
  });

  test('PRACK fits no response that the server has sent reliably: 481', async () => {
    await using harness = await DrachtioHarness.start();
    const { call } = await harness.answered();
    call.request('PRACK', { headers: [['RAck', '7 1 INVITE']] });
    await call.response(481, 'PRACK');
  });
});

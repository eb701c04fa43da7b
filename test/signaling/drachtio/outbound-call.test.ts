import { describe, expect, test } from 'vitest';
import type { OutboundRequest, Referral } from '../../../src/signaling/port.js';
import { header } from '../../fakes/drachtio-server/index.js';
import type { OutgoingInvite } from '../../fakes/drachtio-server/outgoing-invite.js';
import { ANSWER, DrachtioHarness, hear, OFFER, SDP } from '../../support/drachtio-harness.js';
import { processorMsOf } from '../../support/processor-time.js';

const request: OutboundRequest = { uri: 'sip:far@127.0.0.1:5080', fromUser: '2000', sdp: OFFER };

async function dialled(harness: DrachtioHarness, options: Partial<OutboundRequest> = {}) {
  const leg = hear(harness.driver.invite({ ...request, ...options }));
  return { leg, invite: await harness.server.outgoing() };
}

async function connected(harness: DrachtioHarness, options: Partial<OutboundRequest> = {}) {
  const { leg, invite } = await dialled(harness, options);
  invite.respond(200, { contentType: SDP, body: ANSWER });
  await leg.event('answered');
  await invite.dialog.own('ACK');
  return { leg, call: invite.dialog };
}

function answer(invite: OutgoingInvite): void {
  invite.respond(200, { contentType: SDP, body: ANSWER });
}

describe('a call of ours', () => {
  test('rings, is answered, acknowledged, and ended by the far end', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness, {
      fromDisplayName: 'Caf\u00e9 "Salon"',
      headers: new Map([['X-Case', '7']]),
    });
    const { message } = invite;
    expect(message.startLine).toBe('INVITE sip:far@127.0.0.1:5080 SIP/2.0');
    expect(header(message, 'from')).toMatch(/^"Café \\"Salon\\"" <sip:2000@127\.0\.0\.1:5060>;tag=[0-9a-f]{16}$/);
    expect(header(message, 'call-id')).toBe(leg.it.callId);
    expect([message.body, header(message, 'content-type'), header(message, 'x-case')]).toEqual([OFFER, SDP, '7']);
    invite.respond(100);
    invite.respond(180);
    expect(await leg.event('progress')).toEqual({ type: 'progress', status: 180, sdp: undefined });
    invite.respond(183, { contentType: SDP, body: ANSWER });
    expect(await leg.event('progress')).toEqual({ type: 'progress', status: 183, sdp: ANSWER });
    answer(invite);
    expect(await leg.event('answered')).toEqual({ type: 'answered', sdp: ANSWER });
    await invite.dialog.own('ACK');
    invite.dialog.request('BYE');
    await invite.dialog.response(200, 'BYE');
    expect((await leg.event('ended')).end).toMatchObject({ by: 'peer' });
  });

  // drachtio-srf looks for the end of the line from each blank, and at each length: 3,000 take eight seconds.
  test('that is refused with a phrase of blanks costs no time', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    const phrase = `${' '.repeat(3_000)}x\u2028y`;
    const costMs = await processorMsOf(async () => {
      invite.respond(486, { phrase });
      expect((await leg.event('ended')).end).toMatchObject({ by: 'peer', status: 486 });
    });
    expect(costMs).toBeLessThan(1_000);
  });

  test('answers an offer by UPDATE before it is answered, once its own has an answer', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    expect(header(invite.message, 'supported')).toContain('100rel');
    const reliable = (sequence: number, content: object) =>
      invite.respond(183, { headers: [['RSeq', String(sequence)]], ...content });
    reliable(1, {});
    await invite.dialog.own('PRACK');
    invite.dialog.update(invite.transactionId, { contentType: SDP, body: OFFER });
    await invite.dialog.response(491, 'UPDATE');
    reliable(2, { contentType: SDP, body: ANSWER });
    await invite.dialog.own('PRACK');
    const answered: (string | undefined)[] = [];
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.accept(ANSWER);
      if (event.type === 'answered') answered.push(event.sdp);
    });
    invite.dialog.update(invite.transactionId, { contentType: SDP, body: OFFER });
    expect((await invite.dialog.response(200, 'UPDATE')).body).toBe(ANSWER);
    invite.dialog.update(invite.transactionId);
    await invite.dialog.response(200, 'UPDATE');
    // The 200 may say again what the 183 said: it is no news.
    answer(invite);
    await invite.dialog.own('ACK');
    expect(answered).toEqual([undefined]);
  });

  test('has the answer of a reliable response, though the 200 describes nothing or something else', async () => {
    await using harness = await DrachtioHarness.start();
    for (const body of [undefined, OFFER]) {
      const { leg, invite } = await dialled(harness);
      invite.respond(183, { headers: [['RSeq', '1']], contentType: SDP, body: ANSWER });
      await invite.dialog.own('PRACK');
      invite.respond(200, body === undefined ? {} : { contentType: SDP, body });
      expect(await leg.event('answered')).toEqual({ type: 'answered', sdp: ANSWER });
    }
  });

  test.each([408, 503])('ends without a way where the server says %d of its own', async (status) => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    invite.serversResponse(status);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'transport', status });
  });

  test('offers what is made for the local address', async () => {
    await using harness = await DrachtioHarness.start();
    const { invite } = await dialled(harness, { sdp: (localAddress) => OFFER.replace('127.0.0.1', localAddress) });
    expect(invite.message.body).toBe(OFFER);
  });

  test.each([486, 404, 603])('is refused with %d', async (status) => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    invite.respond(status, { headers: [['Reason', 'Q.850;cause=17']] });
    expect((await leg.event('ended')).end).toEqual({ by: 'peer', status, text: 'Q.850;cause=17' });
  });

  test('is ended by a far end that may not call in', async () => {
    await using harness = await DrachtioHarness.start({ allow: ['10.0.0.0/8'] });
    const { leg, call } = await connected(harness);
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    call.request('BYE');
    await call.response(200, 'BYE');
    expect((await leg.event('ended')).end).toMatchObject({ by: 'peer' });
  });

  test('that we give up is cancelled, and ends with the 487', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    invite.respond(180);
    await leg.event('progress');
    leg.it.hangUp({ reason: 'SIP;cause=408;text="nobody"' });
    expect((await invite.cancel).body).toContain('SIP;cause=408;text="nobody"');
    invite.respond(180);
    invite.respond(487);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'local', status: 487 });
    expect(leg.events.map(({ type }) => type)).toEqual(['progress', 'ended']);
  });

  test('is given up when nobody answers in time', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness, { answerTimeoutMs: 20_000 });
    invite.respond(180);
    await leg.event('progress');
    harness.clock.advance(20_000);
    expect((await invite.cancel).body).toContain('SIP;cause=487;text="no-answer"');
    invite.respond(487);
    await leg.event('ended');
  });

  test('whose CANCEL nobody answers ends all the same', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    leg.it.hangUp();
    await invite.cancel;
    harness.clock.advance(32_000);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'local' });
  });

  test('answered while we cancel is acknowledged and ended by BYE', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    leg.it.hangUp();
    await invite.cancel;
    answer(invite);
    await invite.dialog.own('ACK');
    (await invite.dialog.own('BYE')).respond(200);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'local' });
    expect(leg.events.map(({ type }) => type)).toEqual(['ended']);
  });

  test('that the server cannot send ends without a way', async () => {
    await using harness = await DrachtioHarness.start();
    harness.server.refuseInvites = 'requested protocol/transport not available';
    const leg = hear(harness.driver.invite(request));
    expect((await leg.event('ended')).end).toEqual({ by: 'transport', status: 503, text: '' });
  });

  test('ends when the server is lost while it rings, though drachtio-srf says nothing', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, invite } = await dialled(harness);
    invite.respond(180);
    await leg.event('progress');
    await harness.server.stop();
    expect((await leg.event('ended')).end).toMatchObject({ by: 'transport' });
  });

  test('cannot be made without a server', async () => {
    await using harness = await DrachtioHarness.start();
    await harness.server.stop();
    await harness.state('down');
    expect(() => harness.driver.invite(request)).toThrow(expect.objectContaining({ code: 'ERR_SIP_STATE' }));
  });

  test('has its far end hold, send digits, and us hang up', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, call } = await connected(harness);
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.accept(ANSWER);
    });
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await call.response(200);
    call.ack();
    call.request('INFO', { contentType: 'application/dtmf', body: '7' });
    await call.response(200, 'INFO');
    leg.it.hangUp();
    await call.own('BYE');
  });

  test('hears of a REFER, and reports what became of it', async () => {
    await using harness = await DrachtioHarness.start();
    const referrals: Referral[] = [];
    const { call } = await connected(harness, {
      onRefer: (referral) => {
        referrals.push(referral);
        referral.accept();
      },
    });
    call.request('REFER', {
      headers: [
        ['Refer-To', '<sip:sales@example.com>'],
        ['Referred-By', '<sip:x@y.example>'],
      ],
    });
    await call.response(202, 'REFER');
    expect([referrals[0]?.uri, referrals[0]?.referredBy]).toEqual(['sip:sales@example.com', 'sip:x@y.example']);
    const trying = await call.own('NOTIFY');
    expect([trying.message.body, header(trying.message, 'event')]).toEqual(['SIP/2.0 100 Trying\r\n', 'refer;id=1']);
    trying.respond(200);
    referrals[0]?.notify(200);
    const last = await call.own('NOTIFY');
    expect(header(last.message, 'subscription-state')).toBe('terminated;reason=noresource');
    last.respond(200);
  });

  test('is ended by the driver when it closes', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg, call } = await connected(harness);
    const ringing = await dialled(harness);
    ringing.invite.respond(180);
    await ringing.leg.event('progress');
    const bye = call.own('BYE');
    const closed = harness.driver[Symbol.asyncDispose]();
    await bye;
    await ringing.invite.cancel;
    ringing.invite.respond(487);
    await closed;
    expect((await leg.event('ended')).end).toMatchObject({ by: 'local' });
    expect((await ringing.leg.event('ended')).end).toMatchObject({ by: 'local' });
  });
});

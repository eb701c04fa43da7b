import { describe, expect, test } from 'vitest';
import type { SessionTimerOptions } from '../../../src/signaling/session/session-agreement.js';
import { FakeDrachtioServer, header } from '../../fakes/drachtio-server/index.js';
import { ANSWER, DrachtioHarness, hear, OFFER, SDP } from '../../support/drachtio-harness.js';

const UAC_90 = [
  ['Require', 'timer'],
  ['Session-Expires', '90;refresher=uac'],
] as const;
const answer = { contentType: SDP, body: ANSWER };
const EXPIRED = { type: 'ended', end: { by: 'transport', status: 408, text: '' } };

const asking: SessionTimerOptions = { mode: 'request', expiresSeconds: 600, minSeconds: 90, refresher: 'us' };

/** A call of ours through a server whose calls have these session timers. */
async function dialled(sessionTimers?: SessionTimerOptions) {
  const server = await FakeDrachtioServer.start();
  const { port, secret } = server;
  const harness = await DrachtioHarness.start({
    servers: [{ host: '127.0.0.1', port, secret, sessionTimers }],
  });
  const leg = hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1:5080', fromUser: '2000', sdp: OFFER }));
  return {
    leg,
    harness,
    server,
    invite: await server.outgoing(),
    [Symbol.asyncDispose]: async () => {
      await harness[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('the session timer of a call of ours', () => {
  test('is asked for where the configuration says so, and only there', async () => {
    await using silent = await dialled();
    expect(header(silent.invite.message, 'supported')).toBe('100rel, timer, replaces');
    expect(header(silent.invite.message, 'session-expires')).toBeUndefined();
    await using asked = await dialled(asking);
    expect(header(asked.invite.message, 'session-expires')).toBe('600;refresher=uac');
    expect(header(asked.invite.message, 'min-se')).toBe('90');
  });

  test('that is too short for the far end is asked for again with its Min-SE, in the same call', async () => {
    await using call = await dialled(asking);
    const tooBrief = (seconds: number) => ({ headers: [['Min-SE', String(seconds)]] as const });
    call.invite.respond(422, tooBrief(900));
    const again = await call.server.outgoing();
    expect(header(again.message, 'session-expires')).toBe('900;refresher=uac');
    expect(header(again.message, 'min-se')).toBe('900');
    for (const field of ['call-id', 'from'])
      expect(header(again.message, field)).toBe(header(call.invite.message, field));
    expect(header(again.message, 'cseq')).toBe('2 INVITE');
    // A 422 that asks for no more than that is the end.
    again.respond(422, tooBrief(900));
    expect((await call.leg.event('ended')).end).toMatchObject({ by: 'peer', status: 422 });
  });

  test('is kept by a re-INVITE of what stands, of which nobody hears', async () => {
    await using call = await dialled();
    const { harness, invite, leg } = call;
    invite.respond(200, { ...answer, headers: UAC_90 });
    await leg.event('answered');
    await invite.dialog.own('ACK');
    harness.clock.advance(30_000);
    const refresh = await invite.dialog.own('INVITE');
    expect(refresh.message.body).toBe(OFFER);
    expect(header(refresh.message, 'session-expires')).toBe('90;refresher=uac');
    expect(header(refresh.message, 'supported')).toBe('timer');
    refresh.respond(200, { ...answer, headers: UAC_90 });
    await invite.dialog.own('ACK');
    harness.clock.advance(30_000);
    (await invite.dialog.own('INVITE')).respond(481);
    await invite.dialog.own('BYE');
    expect(await leg.event('ended')).toMatchObject({ end: { by: 'peer', status: 481 } });
    expect(leg.events.map(({ type }) => type)).toEqual(['answered', 'ended']);
  });

  test('that the far end is to refresh, and does not, ends with BYE before the interval does', async () => {
    await using call = await dialled();
    const { harness, invite, leg } = call;
    invite.respond(200, { ...answer, headers: [['Session-Expires', '90;refresher=uas']] });
    await leg.event('answered');
    harness.clock.advance(60_000);
    const bye = await invite.dialog.own('BYE');
    expect(header(bye.message, 'reason')).toContain('session-expired');
    expect(await leg.event('ended')).toEqual(EXPIRED);
  });
});

describe('the session timer of a caller', () => {
  test('is refreshed by us where the caller says so, with our answer', async () => {
    await using harness = await DrachtioHarness.start();
    const headers = [
      ['Supported', 'timer'],
      ['Session-Expires', '90;refresher=uas'],
    ] as const;
    const { call, leg } = await harness.incoming({ contentType: SDP, body: OFFER, headers });
    leg.it.accept(ANSWER);
    expect(header(await call.response(200), 'session-expires')).toBe('90;refresher=uas');
    call.ack();
    await leg.event('acked');
    harness.clock.advance(30_000);
    const refresh = await call.own('INVITE');
    expect(refresh.message.body).toBe(ANSWER);
    refresh.respond(200, { contentType: SDP, body: OFFER, headers: UAC_90 });
    await call.own('ACK');
    expect(leg.events.map(({ type }) => type)).toEqual(['acked']);
  });

  test('may be required', async () => {
    await using harness = await DrachtioHarness.start();
    const { leg } = await harness.incoming({
      contentType: SDP,
      body: OFFER,
      headers: [['Require', 'timer, replaces']],
    });
    expect(leg.it.invite.sdp).toBe(OFFER);
  });

  test('below the minimum of the configuration gets 422 in a dialog too; below 90 s the server says so itself', async () => {
    await using call = await dialled({ ...asking, minSeconds: 300 });
    const { invite, leg } = call;
    invite.respond(200, answer);
    await leg.event('answered');
    const asked = (seconds: number) => ({
      headers: [
        ['Supported', 'timer'],
        ['Session-Expires', String(seconds)],
      ] as const,
    });
    invite.dialog.request('UPDATE', asked(120));
    expect(header(await invite.dialog.response(422, 'UPDATE'), 'min-se')).toBe('300');
    invite.dialog.request('UPDATE', asked(60));
    invite.dialog.request('UPDATE', asked(300));
    expect(header(await invite.dialog.response(200, 'UPDATE'), 'session-expires')).toContain('300');
    expect(invite.dialog.unseen).toBe(1);
  });
});

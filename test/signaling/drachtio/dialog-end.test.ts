import { describe, expect, test } from 'vitest';
import { ANSWER, DrachtioHarness, OFFER, SDP } from '../../support/drachtio-harness.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';

/** An offer of the peer that its user has not answered. */
const ask = async ({ call, leg }: Awaited<ReturnType<DrachtioHarness['answered']>>) => {
  call.request('INVITE', { contentType: SDP, body: OFFER });
  return leg.event('offer');
};

describe('the end of a call', () => {
  test('that we hang up answers the re-INVITE that waits, and lets no digit follow the BYE', async () => {
    await using harness = await DrachtioHarness.start();
    const scene = await harness.answered();
    const { call, leg } = scene;
    leg.it.sendDigit('1', 160);
    leg.it.sendDigit('2', 160);
    const info = await call.own('INFO');
    await ask(scene);
    leg.it.hangUp();
    await call.response(487);
    const bye = await call.own('BYE');
    info.respond(200);
    await eventLoopTurns(20);
    expect(call.unseen).toBe(0);
    bye.respond(200);
  });

  test('comes where the peer answers a digit with 481: it does not know the dialog any more', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.sendDigit('1', 160);
    (await call.own('INFO')).respond(481);
    expect((await leg.event('ended')).end).toMatchObject({ by: 'peer', status: 481 });
    (await call.own('BYE')).respond(481);
  });

  test.each([
    ['of an extension nobody has', 420, 'request'],
    ['out of order', 500, 'late'],
  ] as const)('comes with a BYE %s, which is refused: the server has forgotten the call', async (_, status, kind) => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    if (kind === 'late') call.late('BYE');
    else call.request('BYE', { headers: [['Require', 'foo']] });
    await call.response(status, 'BYE');
    expect((await leg.event('ended')).end).toMatchObject({ by: 'peer' });
    await eventLoopTurns(20);
    expect(call.unseen).toBe(0);
  });

  test('leaves no timer, whatever was under way', async () => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    const before = harness.clock.pendingTimers;
    const headers = [
      ['Supported', 'timer'],
      ['Session-Expires', '1800;refresher=uas'],
    ] as const;
    const { call, leg } = await harness.incoming({ contentType: SDP, body: OFFER, headers });
    leg.it.ring(180);
    leg.it.accept(ANSWER);
    await call.response(200);
    call.ack();
    await leg.event('acked');
    leg.it.refer({ uri: 'sip:sales@example.com' });
    (await call.own('REFER')).respond(202);
    leg.it.sendDigit('1', 160);
    (await call.own('INFO')).respond(200);
    // Accepted, and not acknowledged.
    call.request('INVITE', { contentType: SDP, body: OFFER });
    (await leg.event('offer')).reply.accept(ANSWER);
    await call.response(200);
    call.request('UPDATE', { contentType: SDP, body: OFFER });
    await eventLoopTurns(20);
    expect(harness.clock.pendingTimers).toBeGreaterThan(before);
    call.request('BYE');
    await call.response(200, 'BYE');
    await leg.event('ended');
    expect(harness.clock.pendingTimers).toBe(before);
  });

  test('by a refusal leaves nothing, though what the server calls the dialog is known only after it', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.ring(180);
    leg.it.reject(486);
    await call.response(486);
    call.request('OPTIONS');
    await call.response(481, 'OPTIONS');
  });
});

describe('an offer of ours that waits for one of the peer', () => {
  test('leaves when the ACK of our answer has come', async () => {
    await using harness = await DrachtioHarness.start();
    const scene = await harness.answered();
    const { reply } = await ask(scene);
    reply.accept(ANSWER);
    await scene.call.response(200);
    scene.leg.it.reoffer(OFFER);
    await eventLoopTurns(20);
    expect(scene.call.unseen).toBe(0);
    scene.call.ack();
    await scene.call.own('INVITE');
  });

  test('leaves when that is refused', async () => {
    await using harness = await DrachtioHarness.start();
    const scene = await harness.answered();
    const { reply } = await ask(scene);
    scene.leg.it.reoffer(OFFER);
    await eventLoopTurns(20);
    expect(scene.call.unseen).toBe(0);
    reply.reject(488);
    await scene.call.response(488);
    await scene.call.own('INVITE');
  });

  test('leaves when that is an UPDATE, and answered', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    call.request('UPDATE', { contentType: SDP, body: OFFER });
    const { reply } = await leg.event('offer');
    leg.it.reoffer(OFFER);
    reply.accept(ANSWER);
    await call.response(200, 'UPDATE');
    await call.own('INVITE');
  });

  test('leaves when that is cancelled', async () => {
    await using harness = await DrachtioHarness.start();
    const scene = await harness.answered();
    const { reply } = await ask(scene);
    scene.leg.it.reoffer(OFFER);
    // Our 200 meets the CANCEL at the server: no ACK will come.
    scene.call.failNext({ type: 'refuse', text: 'Response not sent due to unknown transaction' });
    reply.accept(ANSWER);
    await scene.call.own('INVITE');
  });
});

test('a hold on which the peer rings without end is cancelled; where that helps nothing the call ends', async () => {
  await using harness = await DrachtioHarness.start();
  const { call, leg } = await harness.answered();
  leg.it.reoffer(OFFER);
  const invite = await call.own('INVITE');
  invite.respond(180);
  await eventLoopTurns(20);
  harness.clock.advance(32_000);
  await eventLoopTurns(20);
  harness.clock.advance(31_000);
  invite.respond(180);
  await eventLoopTurns(20);
  expect(leg.events.map(({ type }) => type)).not.toContain('ended');
  harness.clock.advance(1_000);
  expect((await leg.event('ended')).end).toMatchObject({ by: 'transport', status: 408 });
  await call.own('BYE');
});

describe('a second offer of the peer', () => {
  test('gets 500 with Retry-After while the first has no answer', async () => {
    await using harness = await DrachtioHarness.start();
    const scene = await harness.answered();
    await ask(scene);
    scene.call.request('UPDATE', { contentType: SDP, body: OFFER });
    const refused = await scene.call.response(500, 'UPDATE');
    expect(refused.headers.map(([name]) => name.toLowerCase())).toContain('retry-after');
    expect(scene.leg.events.filter(({ type }) => type === 'offer')).toHaveLength(1);
  });

  test('gets 500 where eight of the first have no ACK', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.accept(ANSWER);
    });
    for (let number = 0; number < 8; number += 1) {
      call.request('INVITE', { contentType: SDP, body: OFFER });
      await call.response(200);
    }
    call.request('INVITE', { contentType: SDP, body: OFFER });
    await call.response(500);
  });

  test('gets 491 while an offer of ours in a 200 waits for its answer in the ACK', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.answered();
    call.request('INVITE');
    (await leg.event('offer')).reply.accept(OFFER);
    await call.response(200);
    call.request('UPDATE', { contentType: SDP, body: OFFER });
    await call.response(491, 'UPDATE');
  });

  test('before the INVITE of its call is answered gets 500', async () => {
    await using harness = await DrachtioHarness.start();
    const { call, leg } = await harness.incoming();
    leg.it.ring(180);
    await call.response(180);
    call.request('UPDATE', { contentType: SDP, body: OFFER });
    await call.response(500, 'UPDATE');
  });
});

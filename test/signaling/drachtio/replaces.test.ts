import { describe, expect, test } from 'vitest';
import type { SipLeg } from '../../../src/signaling/port.js';
import { FakeDrachtioServer, header } from '../../fakes/drachtio-server/index.js';
import type { PeerDialog } from '../../fakes/drachtio-server/peer-dialog.js';
import { ANSWER, DrachtioHarness, type Heard, hear, OFFER, SDP, until } from '../../support/drachtio-harness.js';

/** How a third party names a dialog: our tag as to-tag, the peer's as from-tag. */
const named = ({ callId, ownTag, peerTag }: PeerDialog): string => `${callId};to-tag=${ownTag};from-tag=${peerTag}`;

async function established(harness: DrachtioHarness, direction: 'inbound' | 'outbound') {
  await harness.routed();
  if (direction === 'inbound') return harness.answered();
  const leg = hear(harness.driver.invite({ uri: 'sip:far@127.0.0.1:5080', fromUser: '2000', sdp: OFFER }));
  const invite = await harness.server.outgoing();
  invite.respond(200, { contentType: SDP, body: ANSWER });
  await leg.event('answered');
  await invite.dialog.own('ACK');
  return { call: invite.dialog, leg };
}

function takeOver(server: FakeDrachtioServer, replaces: string, more: readonly (readonly [string, string])[] = []) {
  return server.call({ from: 'carol', contentType: SDP, body: OFFER, headers: [['Replaces', replaces], ...more] });
}

/** From now on every offer gets the answer. */
function answering({ it }: Heard<SipLeg>): string[] {
  const events: string[] = [];
  it.listen((event) => {
    events.push(event.type === 'replaced' ? `replaced by ${event.fromUser}` : event.type);
    if (event.type === 'offer') event.reply.accept(ANSWER);
  });
  return events;
}

describe.each(['inbound', 'outbound'] as const)('an INVITE with Replaces of an established %s call', (direction) => {
  test('takes the peer’s place: the leg goes on in the new dialog, and the old one gets BYE', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, direction);
    const events = answering(leg);
    const call = takeOver(harness.server, named(old), [['Require', 'replaces']]);
    expect((await call.response(200)).body).toBe(ANSWER);
    const bye = await old.own('BYE');
    expect(header(bye.message, 'reason')).toBe('SIP;cause=200;text="replaced"');
    bye.respond(200);
    call.ack();
    // The new peer hears and is heard, the old one is nobody's any more.
    call.request('INFO', { contentType: 'application/dtmf', body: '5' });
    await call.response(200, 'INFO');
    leg.it.refer({ uri: 'sip:sales@example.com' });
    (await call.own('REFER')).respond(603);
    call.request('BYE');
    await call.response(200, 'BYE');
    expect(events).toEqual(['offer', 'replaced by carol', 'acked', 'digit', 'transfer', 'ended']);
    expect(harness.refused).toEqual([]);
  });

  test('whose offer cannot be used is refused, and the call goes on as it was', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, direction);
    leg.it.listen((event) => {
      if (event.type === 'offer') event.reply.reject(488);
    });
    await takeOver(harness.server, named(old)).response(488);
    old.request('OPTIONS');
    expect(header(await old.response(200, 'OPTIONS'), 'supported')).toBe('100rel, timer, replaces');
  });

  test('is put off while the outcome of an offer of ours is awaited', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, direction);
    leg.it.reoffer(OFFER);
    await old.own('INVITE');
    await takeOver(harness.server, named(old)).response(491);
  });

  test('is put off while the outcome of a transfer of ours is awaited', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, direction);
    leg.it.refer({ uri: 'sip:sales@example.com' });
    await old.own('REFER');
    await takeOver(harness.server, named(old)).response(491);
  });

  test('is no match once the connection of the call was lost', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, direction);
    harness.server.applications[0]?.close();
    await leg.event('ended');
    harness.clock.advance(250);
    await old.own('BYE');
    await takeOver(harness.server, named(old)).response(481);
  });

  test('of an early call only is refused with 486', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old } = await established(harness, direction);
    await takeOver(harness.server, `${named(old)};early-only`).response(486);
  });

  test('is declined while our BYE is on its way, and 481 after it', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, direction);
    leg.it.hangUp();
    const bye = await old.own('BYE');
    await takeOver(harness.server, named(old)).response(603);
    bye.respond(200);
    old.request('OPTIONS');
    await old.response(481, 'OPTIONS');
    await takeOver(harness.server, named(old)).response(481);
  });
});

describe('an INVITE with Replaces', () => {
  test('by another server takes over as well, and the call ends with that one alone', async () => {
    await using other = await FakeDrachtioServer.start();
    await using one = await FakeDrachtioServer.start();
    const servers = [one, other].map(({ port, secret }) => ({ host: '127.0.0.1', port, secret }));
    await using harness = await DrachtioHarness.start({ servers });
    await until(() =>
      [one, other].every(({ applications }) => applications.some(({ routes }) => routes.has('register'))),
    );
    const old = one.call({ contentType: SDP, body: OFFER });
    const leg = await harness.leg();
    leg.it.accept(ANSWER);
    await old.response(200);
    old.ack();
    await leg.event('acked');
    const events = answering(leg);
    const call = takeOver(other, named(old));
    await call.response(200);
    (await old.own('BYE')).respond(200);
    call.ack();
    await one.stop();
    await until(() => harness.driver.servers?.().some(({ state }) => state === 'down') === true);
    call.request('OPTIONS');
    await call.response(200, 'OPTIONS');
    await other.stop();
    await until(() => events.at(-1) === 'ended');
    expect(events).toEqual(['offer', 'replaced by carol', 'acked', 'ended']);
  });

  test('that comes by two ways is one: 482 to the second', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, 'inbound');
    answering(leg);
    const headers = [['Replaces', named(old)]] as const;
    const call = takeOver(harness.server, named(old));
    call.again({ contentType: SDP, body: OFFER, headers });
    await call.response(482);
    await call.response(200);
  });

  test('that is cancelled before our 200 leaves has brought a peer that is gone: the call ends', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: old, leg } = await established(harness, 'inbound');
    const events = answering(leg);
    const call = takeOver(harness.server, named(old));
    call.failNext({ type: 'refuse', text: 'Response not sent due to unknown transaction' });
    (await old.own('BYE')).respond(200);
    old.request('OPTIONS');
    await old.response(481, 'OPTIONS');
    expect(events).toEqual(['offer', 'replaced by carol', 'ended']);
  });

  test.each([
    ['of a call that is not there', () => 'other;to-tag=a;from-tag=b', 481],
    [
      'with the tags the wrong way round',
      ({ callId, ownTag, peerTag }: PeerDialog) => `${callId};to-tag=${peerTag};from-tag=${ownTag}`,
      481,
    ],
    ['without tags', ({ callId }: PeerDialog) => callId, 400],
  ] as const)('%s is refused, and told so to the connector', async (_name, replaces, status) => {
    await using harness = await DrachtioHarness.start();
    const { call: old } = await established(harness, 'inbound');
    await takeOver(harness.server, replaces(old)).response(status);
    expect(harness.refused).toMatchObject([{ status }]);
  });

  test('of a call of ours that rings is declined', async () => {
    await using harness = await DrachtioHarness.start();
    await harness.routed();
    harness.driver.invite({ uri: 'sip:far@127.0.0.1:5080', fromUser: '2000', sdp: OFFER });
    const invite = await harness.server.outgoing();
    invite.respond(183, { headers: [['RSeq', '1']] });
    await invite.dialog.own('PRACK');
    await takeOver(harness.server, named(invite.dialog)).response(603);
  });

  test('of a call that still rings is no match', async () => {
    await using harness = await DrachtioHarness.start();
    const { call: ringing, leg } = await harness.incoming();
    leg.it.ring(180);
    await ringing.response(180);
    await takeOver(harness.server, named(ringing)).response(481);
  });
});

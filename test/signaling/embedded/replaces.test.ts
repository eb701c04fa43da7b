import { describe, expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { lastResponse, PEER, settle } from '../../support/embedded-harness.js';
import { PeerDialog, type PeerDialogOptions } from '../../support/peer-dialog.js';
import { type RequestText, requestText, SDP, tagOf } from '../../support/sip-text.js';

const CAROL = { address: '192.0.2.77', port: 5060 };
const carol = { from: '<sip:carol@192.0.2.77>;tag=carol', callId: 'carol-1', contact: '<sip:carol@192.0.2.77>' };

/** A call that is up, and how a third party names it: our tag as to-tag, the peer's as from-tag. */
async function established(options: PeerDialogOptions = {}) {
  const call = await PeerDialog.establish(options);
  call.request('OPTIONS');
  const [sent] = call.take();
  const { headers } = sent?.message ?? {};
  const [ours, theirs] = [tagOf(headers?.get('To')), tagOf(headers?.get('From'))];
  return { call, replaces: `${call.leg.callId};to-tag=${ours};from-tag=${theirs}` };
}

function invite(call: PeerDialog, extra: readonly string[], parts: Partial<RequestText> = {}): void {
  call.h.udp.receive(CAROL, requestText({ ...carol, method: 'INVITE', body: SDP, extra, ...parts }));
}

describe.each(['inbound', 'outbound'] as const)('an INVITE with Replaces of an established %s call', (direction) => {
  test('takes the peer’s place: the leg goes on in the new dialog, and the old one gets BYE', async () => {
    const { call, replaces } = await established({ direction });
    call.leg.listen((event) => {
      call.events.push(event);
      if (event.type === 'offer') event.reply.accept('answer');
    });
    invite(call, [`Replaces: ${replaces}`]);
    const [response, bye] = call.take();
    if (response?.message.kind !== 'response' || bye?.message.kind !== 'request') throw new Error('200 and BYE');
    expect([response.message.status, response.message.body.toString(), response.to]).toEqual([200, 'answer', CAROL]);
    expect([bye.message.method, bye.message.uri]).toEqual(['BYE', 'sip:peer@192.0.2.9:5075']);
    expect(bye.message.headers.get('Reason')).toContain('replaced');
    expect(call.events).toMatchObject([
      { type: 'offer', sdp: SDP },
      { type: 'replaced', fromUser: 'carol' },
    ]);
    expect(call.h.legs).toHaveLength(direction === 'inbound' ? 1 : 0);
    const to = `<sip:2000@192.0.2.1>;tag=${tagOf(response.message.headers.get('To'))}`;
    const send = (method: string, cseq: number) =>
      call.h.udp.receive(CAROL, requestText({ ...carol, method, to, cseq }));
    send('ACK', 1);
    call.respond(bye.message as SipRequest, 200);
    // The old peer is nobody's any more; the new one hears and is heard.
    call.request('INFO', { type: 'application/dtmf', body: '5' });
    expect(call.seen()).toEqual([481]);
    call.leg.refer({ uri: 'sip:sales@example.com' });
    const [refer] = call.take();
    expect([refer?.to, refer?.message.headers.get('Call-ID')]).toEqual([CAROL, 'carol-1']);
    send('BYE', 2);
    await settle();
    expect(call.events.map(({ type }) => type)).toEqual(['offer', 'replaced', 'acked', 'ended']);
    call.h.clock.advance(40_000);
    expect(call.h.clock.pendingTimers).toBe(0);
  });

  test('whose offer cannot be used is refused, and the call goes on as it was', async () => {
    const { call, replaces } = await established({ direction });
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.reject(488);
    });
    invite(call, [`Replaces: ${replaces}`]);
    expect(call.seen()).toEqual([488]);
    call.request('OPTIONS');
    expect(call.seen()).toEqual([200]);
  });

  test('that nobody answers gets 500', async () => {
    const { call, replaces } = await established({ direction });
    invite(call, [`Replaces: ${replaces}`]);
    call.h.clock.advance(1);
    expect(call.seen()).toEqual([500]);
  });

  test('is put off while the outcome of a transfer or an offer of ours is awaited', async () => {
    const { call, replaces } = await established({ direction });
    call.leg.reoffer(SDP);
    invite(call, [`Replaces: ${replaces}`]);
    expect(call.seen()).toEqual(['INVITE', 491]);
  });
});

describe('refused, and told so to the connector', () => {
  const cases: readonly (readonly [string, (replaces: string) => readonly string[], number])[] = [
    ['of a call that is not there', () => ['Replaces: other;to-tag=a;from-tag=b'], 481],
    [
      'with the tags the wrong way round',
      (text) => [`Replaces: ${text.replace(/to-tag=(.*);from-tag=(.*)/, 'to-tag=$2;from-tag=$1')}`],
      481,
    ],
    ['without tags', (text) => [`Replaces: ${text.split(';')[0]}`], 400],
    ['of two calls', (text) => [`Replaces: ${text}`, 'Replaces: other;to-tag=a;from-tag=b'], 400],
    ['with a Join beside it', (text) => [`Replaces: ${text}`, `Join: ${text}`], 400],
    ['that cannot be read', () => ['Replaces: ;;=";'], 400],
  ];

  test.each(cases)('%s', async (_name, headers, status) => {
    const { call, replaces } = await established();
    invite(call, headers(replaces));
    expect(call.seen()).toEqual([status]);
    expect(call.h.refused).toMatchObject([{ status }]);
    expect(call.h.legs).toHaveLength(1);
    call.request('OPTIONS');
    expect(call.seen()).toEqual([200]);
  });
});

test('Replaces in anything but an INVITE: 400', async () => {
  const { call, replaces } = await established();
  call.request('INFO', { extra: [`Replaces: ${replaces}`] });
  call.h.udp.receive(CAROL, requestText({ ...carol, method: 'OPTIONS', extra: [`Replaces: ${replaces}`] }));
  expect(call.seen()).toEqual([400, 400]);
  expect(call.h.refused).toEqual([]);
});

test('may be required, and is said in OPTIONS', async () => {
  const { call, replaces } = await established();
  call.request('OPTIONS');
  expect(lastResponse(call.take()).headers.get('Supported')).toContain('replaces');
  invite(call, [`Replaces: ${replaces};early-only`, 'Require: replaces']);
  expect(call.seen()).toEqual([486]);
});

test('only an early call is wanted, and this one is established: 486', async () => {
  const { call, replaces } = await established();
  invite(call, [`Replaces: ${replaces};early-only`]);
  expect(call.seen()).toEqual([486]);
});

test('a transfer asked for before the ACK stands in nobody’s way once it has failed', async () => {
  const call = await PeerDialog.establish({
    onInvite: (leg) => {
      leg.accept(SDP);
      leg.refer({ uri: 'sip:sales@example.com' });
    },
  });
  const refer = call.takeRequest();
  call.respond(refer, 603);
  const [ours, theirs] = [tagOf(refer.headers.get('From')), tagOf(refer.headers.get('To'))];
  invite(call, [`Replaces: ${call.leg.callId};to-tag=${ours};from-tag=${theirs}`]);
  expect(call.events.map(({ type }) => type)).toEqual(['transfer', 'offer']);
});

test('a call that has just ended: 603', async () => {
  const { call, replaces } = await established();
  call.leg.hangUp();
  expect(call.seen()).toEqual(['BYE']);
  invite(call, [`Replaces: ${replaces}`]);
  expect(call.seen()).toEqual([603]);
});

test('a call of the peer’s that still rings is no match: 481', async () => {
  const { call } = await established({
    onInvite: (leg) => (leg.invite.callId === 'early' ? leg.ring(180) : leg.accept(SDP)),
  });
  call.h.udp.receive(PEER, requestText({ method: 'INVITE', callId: 'early', body: SDP }));
  const to = tagOf(lastResponse(call.take()).headers.get('To'));
  invite(call, [`Replaces: early;to-tag=${to};from-tag=alice`]);
  expect(call.seen()).toEqual([481]);
});

import { describe, expect, test } from 'vitest';
import type { SipResponse } from '../../../src/signaling/message/sip-message.js';
import type { LegEvent, OfferReply } from '../../../src/signaling/port.js';
import { createHarness, lastResponse, settle, toOf } from '../../support/embedded-harness.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { SDP } from '../../support/sip-text.js';

function lastOf(call: PeerDialog): SipResponse {
  return lastResponse(call.take());
}

const accepting =
  (answer = 'our answer') =>
  (event: LegEvent) => {
    if (event.type === 'offer') event.reply.accept(answer);
  };

describe.each(['inbound', 'outbound'] as const)('an UPDATE of the peer in an %s call', (direction) => {
  test('without SDP: 200, and the remote target moves', async () => {
    const call = await PeerDialog.establish({ direction });
    call.request('UPDATE', { contact: '<sip:moved@192.0.2.9:5099>' });
    const ok = lastOf(call);
    expect([ok.status, ok.body.length, ok.headers.has('Content-Type')]).toEqual([200, 0, false]);
    expect(ok.headers.get('Contact')).toMatch(/^<sip:2000@192\.0\.2\.1/);
    expect(ok.headers.get('Allow')).toContain('UPDATE');
    expect(call.events).toEqual([]);
    call.leg.hangUp();
    expect(call.takeRequest().uri).toBe('sip:moved@192.0.2.9:5099');
  });

  test('with SDP: an offer like that of a re-INVITE, answered in the 200', async () => {
    const call = await PeerDialog.establish({ direction });
    const offers: (string | undefined)[] = [];
    call.leg.listen((event) => {
      if (event.type === 'offer') offers.push(event.sdp);
      accepting()(event);
    });
    call.request('UPDATE', { body: 'their offer' });
    const ok = lastOf(call);
    expect([ok.status, ok.body.toString(), ok.headers.get('Content-Type')]).toEqual([
      200,
      'our answer',
      'application/sdp',
    ]);
    expect(offers).toEqual(['their offer']);
    call.h.clock.advance(40_000);
    expect(call.seen()).toEqual([]);
    call.request('BYE');
    expect(call.seen()).toEqual([200]);
  });

  test('refused or unanswered, the call and its remote target stay as they are', async () => {
    const call = await PeerDialog.establish({ direction });
    call.leg.listen((event) => {
      if (event.type === 'offer' && event.sdp === 'refuse') event.reply.reject(488);
    });
    call.request('UPDATE', { body: 'refuse', contact: '<sip:moved@192.0.2.9:5099>' });
    expect(lastOf(call).status).toBe(488);
    call.request('UPDATE', { body: 'say nothing', contact: '<sip:moved@192.0.2.9:5099>' });
    call.h.clock.advance(1);
    expect(lastOf(call).status).toBe(500);
    call.leg.hangUp();
    expect(call.takeRequest().uri).toBe('sip:peer@192.0.2.9:5075');
  });
});

describe('UPDATEs that would cross another offer', () => {
  test('while our re-INVITE waits for its answer: 491; without SDP it is taken', async () => {
    const call = await PeerDialog.establish();
    call.leg.reoffer('offer');
    call.take();
    call.request('UPDATE', { body: SDP });
    expect(lastOf(call).status).toBe(491);
    call.request('UPDATE');
    expect(lastOf(call).status).toBe(200);
  });

  test('while another UPDATE is unanswered: 500 with Retry-After, and a re-INVITE likewise', async () => {
    const call = await PeerDialog.establish();
    const replies: OfferReply[] = [];
    call.leg.listen((event) => {
      if (event.type === 'offer') replies.push(event.reply);
    });
    call.request('UPDATE', { body: SDP });
    call.request('UPDATE');
    const second = lastOf(call);
    expect(second.status).toBe(500);
    expect(Number(second.headers.get('Retry-After'))).toBeLessThanOrEqual(10);
    call.request('INVITE', { body: SDP });
    expect(lastOf(call).status).toBe(500);
    expect(replies).toHaveLength(1);
    replies[0]?.accept('answer');
    expect(lastOf(call).status).toBe(200);
  });

  test('an offer of ours waits until an UPDATE is answered', async () => {
    const call = await PeerDialog.establish();
    const replies: OfferReply[] = [];
    call.leg.listen((event) => {
      if (event.type === 'offer') replies.push(event.reply);
    });
    call.request('UPDATE', { body: SDP });
    call.leg.reoffer('offer');
    expect(call.seen()).toEqual([]);
    replies[0]?.accept('answer');
    expect(call.seen()).toEqual([200, 'INVITE']);
  });

  test('after our offer in the 200 of a late-offer INVITE: 491 until the ACK', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.accept(SDP) });
    h.send({ method: 'INVITE' });
    const to = toOf(lastResponse(h.udp.take()));
    h.send({ method: 'UPDATE', to, cseq: 2, body: SDP });
    expect(h.statuses()).toEqual([491]);
    h.send({ method: 'ACK', to, body: SDP });
    h.leg().listen(accepting());
    h.send({ method: 'UPDATE', to, cseq: 3, body: SDP });
    expect(h.statuses()).toEqual([200]);
  });

  test('after our answer in the 200 it is no crossing, also before the ACK', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.accept(SDP) });
    h.send({ method: 'INVITE', body: SDP });
    h.leg().listen(accepting());
    const to = toOf(lastResponse(h.udp.take()));
    h.send({ method: 'UPDATE', to, cseq: 2, body: SDP });
    expect(h.statuses()).toEqual([200]);
  });
});

describe('an UPDATE before the answer', () => {
  async function ringing(extra: readonly string[], status: 180 | 183, sdp?: string) {
    const h = await createHarness({ onInvite: (leg) => leg.ring(status, sdp) });
    h.send({ method: 'INVITE', body: SDP, extra });
    const response = lastResponse(h.udp.take());
    return { h, to: toOf(response), rseq: response.headers.get('RSeq') };
  }

  test('without SDP: 200', async () => {
    const { h, to } = await ringing([], 180);
    h.send({ method: 'UPDATE', to, cseq: 2 });
    expect(h.statuses()).toEqual([200]);
  });

  test('with an offer while that of the INVITE is unanswered: 500 with Retry-After', async () => {
    const { h, to } = await ringing([], 183, SDP);
    h.send({ method: 'UPDATE', to, cseq: 2, body: SDP });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.headers.has('Retry-After')]).toEqual([500, true]);
  });

  test('with an offer once a reliable 183 has answered that of the INVITE: answered; the 200 does not repeat what is outdated', async () => {
    const { h, to, rseq } = await ringing(['Supported: 100rel'], 183, 'first');
    h.send({ method: 'PRACK', to, cseq: 2, extra: [`RAck: ${rseq} 1 INVITE`] });
    h.leg().listen(accepting('second'));
    h.send({ method: 'UPDATE', to, cseq: 3, body: SDP });
    h.leg().accept('second');
    const [, ofUpdate, ofInvite] = h.udp.takeResponses();
    expect([ofUpdate?.status, ofUpdate?.body.toString()]).toEqual([200, 'second']);
    expect([ofInvite?.status, ofInvite?.body.length]).toEqual([200, 0]);
  });
});

test('an UPDATE with a foreign body: 415; a required extension that is unknown: 420; outside a dialog: 481', async () => {
  const call = await PeerDialog.establish();
  call.request('UPDATE', { body: 'x', type: 'text/plain' });
  call.request('UPDATE', { extra: ['Require: nothing'] });
  call.request('UPDATE', { to: '<sip:2000@192.0.2.1>' });
  expect(call.seen()).toEqual([415, 420, 481]);
});

test('a call that ends while an UPDATE is unanswered answers it first', async () => {
  const call = await PeerDialog.establish();
  call.leg.listen((event) => {
    if (event.type === 'offer') call.leg.hangUp();
  });
  call.request('UPDATE', { body: SDP });
  await settle();
  expect(call.seen()).toEqual([487, 'BYE']);
});

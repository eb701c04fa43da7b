import { describe, expect, test } from 'vitest';
import type { SipResponse } from '../../../src/signaling/message/sip-message.js';
import type { InboundLeg } from '../../../src/signaling/port.js';
import { createHarness, type Harness, lastResponse, PEER, settle, toOf } from '../../support/embedded-harness.js';
import { newBranch, requestText, SDP } from '../../support/sip-text.js';

const SUPPORTED = ['Supported: timer, 100REL'];
const REQUIRED = ['Require: 100rel'];

interface Ringing {
  readonly h: Harness;
  readonly leg: InboundLeg;
  readonly to: string;
  /** The provisional response that waits for its PRACK. */
  readonly response: SipResponse;
  readonly rseq: number;
}

/** A call that rings reliably. */
async function ringing(parts: {
  readonly extra?: readonly string[];
  readonly status?: 180 | 183;
  readonly sdp?: string;
  readonly protocol?: 'udp' | 'tcp';
}): Promise<Ringing> {
  const { extra = SUPPORTED, status = 180, sdp, protocol = 'udp' } = parts;
  const h = await createHarness({ onInvite: () => {} });
  const via = `${protocol.toUpperCase()} 192.0.2.9:5070;branch=${newBranch()};rport`;
  h[protocol].receive(PEER, requestText({ method: 'INVITE', via, body: SDP, extra }));
  h.leg().ring(status, sdp);
  const response = lastResponse(h[protocol].take());
  return { h, leg: h.leg(), to: toOf(response), response, rseq: Number(response.headers.get('RSeq')) };
}

let cseq = 1;

/** The PRACK of a response, or one that names another. */
function prack({ h, to, rseq }: Ringing, rack = `${rseq} 1 INVITE`, body = ''): number {
  cseq += 1;
  h.send({ method: 'PRACK', to, cseq, extra: [`RAck: ${rack}`], body });
  return cseq;
}

describe('a caller that takes reliable provisional responses', () => {
  test.each([SUPPORTED, REQUIRED])('%s: Require, RSeq, and a PRACK that ends the repetition', async (extra) => {
    const call = await ringing({ extra: [extra].flat() });
    expect(call.response.status).toBe(180);
    expect(call.response.headers.get('Require')).toBe('100rel');
    expect(call.rseq).toBeGreaterThanOrEqual(1);
    expect(call.rseq).toBeLessThan(2 ** 31);
    prack(call);
    expect(call.h.statuses()).toEqual([200]);
    call.h.clock.advance(40_000);
    expect(call.h.statuses()).toEqual([]);
    call.leg.accept(SDP);
    expect(call.h.statuses()).toEqual([200]);
  });

  test.each(['udp', 'tcp'] as const)('over %s: again after T1, doubling, and 504 after 64*T1', async (protocol) => {
    const { h } = await ringing({ protocol });
    const startMs = h.clock.now();
    h.clock.advance(60_000);
    const sent = h[protocol].take();
    expect(sent.map(({ atMs }) => atMs - startMs).slice(0, 7)).toEqual([500, 1500, 3500, 7500, 15_500, 31_500, 32_000]);
    expect(sent.slice(0, 6).map(({ message }) => message.headers.get('RSeq'))).toEqual(
      Array(6).fill(sent[0]?.message.headers.get('RSeq')),
    );
    expect(sent[6]?.message).toMatchObject({ kind: 'response', status: 504 });
    await settle();
    expect(h.events()).toEqual([{ type: 'ended', end: { by: 'local', status: 504, text: '' } }]);
  });

  test('the next response waits for the PRACK, and counts on', async () => {
    const call = await ringing({});
    call.leg.ring(183, 'early answer');
    expect(call.h.statuses()).toEqual([]);
    prack(call);
    const [ok, progress] = call.h.udp.takeResponses();
    expect([ok?.status, progress?.status, progress?.body.toString()]).toEqual([200, 183, 'early answer']);
    expect(progress?.headers.get('RSeq')).toBe(String(call.rseq + 1));
  });

  test('of several responses that wait only the last is sent', async () => {
    const call = await ringing({});
    call.leg.ring(183, 'early answer');
    call.leg.ring(180);
    prack(call);
    expect(call.h.statuses()).toEqual([200, 180]);
  });

  test('a 200 does not wait for the PRACK of a response without description, which is still answered', async () => {
    const call = await ringing({});
    call.leg.accept(SDP);
    expect(call.h.statuses()).toEqual([200]);
    prack(call);
    expect(call.h.statuses()).toEqual([200]);
    prack(call);
    expect(call.h.statuses()).toEqual([481]);
  });

  test('a 200 waits for the PRACK of a response that answered the offer, and repeats the answer', async () => {
    const call = await ringing({ status: 183, sdp: SDP });
    call.leg.accept(SDP);
    call.h.clock.advance(600);
    expect(call.h.statuses()).toEqual([183]);
    prack(call);
    const [ofPrack, ofInvite] = call.h.udp.takeResponses();
    expect([ofPrack?.headers.get('CSeq'), ofPrack?.status]).toEqual([`${cseq} PRACK`, 200]);
    expect([ofInvite?.headers.get('CSeq'), ofInvite?.status]).toEqual(['1 INVITE', 200]);
    expect(ofInvite?.body.toString()).toBe(SDP);
    expect(ofInvite?.headers.has('RSeq')).toBe(false);
    call.h.send({ method: 'ACK', to: call.to });
    expect(call.h.events()).toEqual([{ type: 'acked', sdp: undefined }]);
  });

  test('a call that is cancelled, refused or hung up while its 200 waits ends at once', async () => {
    for (const end of ['cancel', 'reject', 'hangUp'] as const) {
      const call = await ringing({ status: 183, sdp: SDP });
      call.leg.accept(SDP);
      const via = call.response.headers.get('Via')?.replace('SIP/2.0/', '') ?? '';
      if (end === 'cancel') call.h.send({ method: 'CANCEL', via });
      else if (end === 'reject') call.leg.reject(486);
      else call.leg.hangUp();
      expect(call.h.statuses().at(-1)).toBe({ cancel: 487, reject: 486, hangUp: 480 }[end]);
      call.h.send({ method: 'ACK', to: call.to, via });
      prack(call);
      expect(call.h.statuses()).toEqual([481]);
      call.h.clock.advance(60_000);
      expect(call.h.clock.pendingTimers).toBe(0);
    }
  });

  test.each([
    ['another number', '1 1 INVITE', 481],
    ['another CSeq', 'RSEQ 2 INVITE', 481],
    ['another method', 'RSEQ 1 UPDATE', 481],
    ['nonsense', 'RSEQ INVITE', 400],
    ['a number beyond 32 bits', '4294967296 1 INVITE', 400],
  ])('RAck with %s: refused, and the response is repeated', async (_name, rack, status) => {
    const call = await ringing({});
    prack(call, rack.replace('RSEQ', String(call.rseq)));
    expect(call.h.statuses()).toEqual([status]);
    call.h.clock.advance(500);
    expect(call.h.statuses()).toEqual([180]);
  });

  test('a PRACK without RAck: 400; outside a dialog or of another call: 481', async () => {
    const call = await ringing({});
    call.h.send({ method: 'PRACK', to: call.to, cseq: 50 });
    call.h.send({ method: 'PRACK', extra: [`RAck: ${call.rseq} 1 INVITE`], callId: 'other@192.0.2.9' });
    call.h.send({ method: 'PRACK', to: `${call.to}x`, cseq: 51, extra: [`RAck: ${call.rseq} 1 INVITE`] });
    expect(call.h.statuses()).toEqual([400, 481, 481]);
  });

  test('the same PRACK again: the same answer', async () => {
    const call = await ringing({});
    const text = requestText({ method: 'PRACK', to: call.to, cseq: 2, extra: [`RAck: ${call.rseq} 1 INVITE`] });
    call.h.udp.receive(PEER, text);
    call.h.udp.receive(PEER, text);
    expect(call.h.statuses()).toEqual([200, 200]);
  });

  test('a long ringing is told again under a new number', async () => {
    const call = await ringing({});
    prack(call);
    call.h.udp.take();
    call.h.clock.advance(60_000);
    const again = lastResponse(call.h.udp.take());
    expect([again.status, again.headers.get('RSeq')]).toEqual([180, String(call.rseq + 1)]);
  });
});

describe('an offer in a PRACK', () => {
  test('is answered in its 200, and the 200 of the INVITE describes nothing that is outdated', async () => {
    const call = await ringing({ status: 183, sdp: 'first answer' });
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.accept(`answer to ${event.sdp}`);
    });
    call.leg.accept('second answer');
    prack(call, undefined, 'new offer');
    const [ofPrack, ofInvite] = call.h.udp.takeResponses();
    expect([ofPrack?.status, ofPrack?.body.toString()]).toEqual([200, 'answer to new offer']);
    expect([ofInvite?.status, ofInvite?.body.toString()]).toEqual([200, '']);
  });

  test('that is refused acknowledges the response all the same', async () => {
    const call = await ringing({ status: 183, sdp: 'answer' });
    call.leg.listen((event) => {
      if (event.type === 'offer') event.reply.reject(488);
    });
    prack(call, undefined, 'new offer');
    expect(call.h.statuses()).toEqual([488]);
    call.h.clock.advance(40_000);
    expect(call.h.statuses()).toEqual([]);
    call.leg.accept('answer');
    expect(lastResponse(call.h.udp.take()).body.toString()).toBe('answer');
  });

  test('while the offer of the INVITE is unanswered: 488', async () => {
    const call = await ringing({});
    prack(call, undefined, 'new offer');
    expect(call.h.statuses()).toEqual([488]);
    expect(call.h.events()).toEqual([]);
  });
});

describe('a caller without an offer', () => {
  test('that merely supports 100rel hears ordinary responses', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', extra: SUPPORTED });
    const response = lastResponse(h.udp.take());
    expect([response.status, response.headers.has('RSeq'), response.headers.has('Require')]).toEqual([
      180,
      false,
      false,
    ]);
  });

  test('that requires 100rel hears none but 100 and the final one', async () => {
    const h = await createHarness({ onInvite: (leg) => leg.ring(180) });
    h.send({ method: 'INVITE', extra: REQUIRED });
    h.leg().accept(SDP);
    expect(h.statuses()).toEqual([100, 200]);
  });
});

test('a caller that knows no 100rel is rung as ever', async () => {
  const { h, response } = await ringing({ extra: ['Supported: timer'] });
  expect([response.headers.has('RSeq'), response.headers.has('Require')]).toEqual([false, false]);
  h.clock.advance(59_000);
  expect(h.statuses()).toEqual([]);
});

import { describe, expect, test } from 'vitest';
import type { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import type { InboundLeg } from '../../../src/signaling/port.js';
import { createHarness, lastResponse } from '../../support/embedded-harness.js';
import { PeerDialog } from '../../support/peer-dialog.js';
import { SDP } from '../../support/sip-text.js';

/** What a message of ours must never say, whoever asked for it. */
const unfit = expect.objectContaining({ code: 'ERR_SIP_STATE' });
const hostile = [
  new Map([['X-A', 'b\r\nVia: evil']]),
  new Map([['Via', 'SIP/2.0/UDP evil']]),
  new Map([['m', '<sip:evil>']]),
  new Map([['X-A\r\nVia', 'evil']]),
];

const own = new Map([
  ['X-Outcome', 'booked'],
  ['Reason', 'Q.850;cause=16'],
]);

function outcome(headers: SipHeaders): readonly (string | undefined)[] {
  return [headers.get('X-Outcome'), ...headers.getAll('Reason')];
}

/** An INVITE that waits for the test to answer it. */
async function ringing(): Promise<{ h: Awaited<ReturnType<typeof createHarness>>; leg: InboundLeg }> {
  const h = await createHarness({ onInvite: () => {} });
  h.send({ method: 'INVITE', body: SDP });
  h.udp.take();
  return { h, leg: h.leg() };
}

describe('header fields of ours', () => {
  test('stand on the 200, and on its copies, but on no later answer', async () => {
    const { h, leg } = await ringing();
    leg.listen((event) => {
      if (event.type === 'offer') event.reply.accept(SDP);
    });
    leg.accept(SDP, { headers: own });
    const answer = lastResponse(h.udp.take());
    expect([answer.status, ...outcome(answer.headers)]).toEqual([200, 'booked', 'Q.850;cause=16']);
    h.clock.advance(500);
    expect(outcome(lastResponse(h.udp.take()).headers)).toEqual(['booked', 'Q.850;cause=16']);
    const to = `<sip:2000@192.0.2.1>${/;tag=.*/.exec(answer.headers.get('To') ?? '')?.[0]}`;
    h.send({ method: 'ACK', to });
    h.send({ method: 'INVITE', to, cseq: 2, body: SDP });
    expect(outcome(lastResponse(h.udp.take()).headers)).toEqual([undefined]);
  });

  test('stand on a refusal', async () => {
    const { h, leg } = await ringing();
    leg.reject(486, { headers: own, reason: 'SIP;cause=486' });
    const refusal = lastResponse(h.udp.take());
    expect([refusal.status, ...outcome(refusal.headers)]).toEqual([486, 'booked', 'SIP;cause=486', 'Q.850;cause=16']);
  });

  test('stand on a refusal by hanging up', async () => {
    const { h, leg } = await ringing();
    leg.hangUp({ status: 480, headers: own });
    expect(outcome(lastResponse(h.udp.take()).headers)).toEqual(['booked', 'Q.850;cause=16']);
  });

  test.each(['inbound', 'outbound'] as const)('stand on the BYE of an %s call', async (direction) => {
    const call = await PeerDialog.establish({ direction });
    call.leg.hangUp({ reason: 'SIP;cause=200;text="normal"', headers: own });
    const bye = call.takeRequest();
    expect([bye.method, ...outcome(bye.headers)]).toEqual([
      'BYE',
      'booked',
      'SIP;cause=200;text="normal"',
      'Q.850;cause=16',
    ]);
  });

  test('stand on a BYE that waited for the ACK', async () => {
    const h = await createHarness();
    h.send({ method: 'INVITE', body: SDP });
    const to = lastResponse(h.udp.take()).headers.get('To') ?? '';
    h.leg().hangUp({ headers: own });
    expect(h.udp.take()).toEqual([]);
    h.send({ method: 'ACK', to });
    const [bye] = h.udp.takeRequests();
    expect(bye && outcome(bye.headers)).toEqual(['booked', 'Q.850;cause=16']);
  });

  test('stand on the REFER', async () => {
    const call = await PeerDialog.establish();
    call.leg.refer({ uri: 'sip:sales@example.com', headers: own });
    expect(outcome(call.takeRequest().headers)).toEqual(['booked', 'Q.850;cause=16']);
  });

  test.each(hostile)('that would break a message are refused before anything is sent: %#', async (headers) => {
    const { h, leg } = await ringing();
    expect(() => leg.accept(SDP, { headers })).toThrow(unfit);
    expect(() => leg.reject(486, { headers })).toThrow(unfit);
    expect(() => leg.hangUp({ headers })).toThrow(unfit);
    expect(() => h.dial({ headers })).toThrow(unfit);
    expect(h.udp.take()).toEqual([]);
    leg.accept(SDP);
    expect(h.statuses()).toEqual([200]);

    const call = await PeerDialog.establish();
    expect(() => call.leg.refer({ uri: 'sip:sales@example.com', headers })).toThrow(unfit);
    expect(() => call.leg.hangUp({ headers })).toThrow(unfit);
    expect(call.seen()).toEqual([]);
    call.leg.hangUp();
    expect(call.seen()).toEqual(['BYE']);
  });
});

import { describe, expect, test } from 'vitest';
import type { SipRequest, SipResponse } from '../../../src/signaling/message/sip-message.js';
import type { LegEvent, OutboundLeg } from '../../../src/signaling/port.js';
import { createHarness, type Harness, lastResponse, PEER } from '../../support/embedded-harness.js';
import { responseText, SDP } from '../../support/sip-text.js';

const RELIABLE = ['Require: 100rel', 'Contact: <sip:peer@192.0.2.9:5075>'];

async function dialled(): Promise<{ h: Harness; invite: SipRequest; events: LegEvent[]; leg: OutboundLeg }> {
  const h = await createHarness();
  const { leg, events } = h.dial();
  const [invite] = h.udp.takeRequests();
  if (invite === undefined) throw new Error('no INVITE');
  return { h, invite, events, leg };
}

function progress(
  h: Harness,
  invite: SipRequest,
  rseq: number,
  parts: { status?: number; body?: string; toTag?: string } = {},
): void {
  const { status = 183, toTag = 'peer', body = '' } = parts;
  h.udp.receive(PEER, responseText(invite, { status, toTag, body, extra: [...RELIABLE, `RSeq: ${rseq}`] }));
}

const methods = (h: Harness): readonly string[] => h.udp.takeRequests().map(({ method }) => method);

test('a reliable provisional response gets its PRACK, by the way of its dialog', async () => {
  const { h, invite, events } = await dialled();
  expect(invite.headers.get('Supported')).toBe('100rel, timer, replaces');
  progress(h, invite, 7, { body: SDP });
  const [prack] = h.udp.takeRequests();
  expect([prack?.method, prack?.uri, prack?.headers.get('RAck')]).toEqual([
    'PRACK',
    'sip:peer@192.0.2.9:5075',
    '7 1 INVITE',
  ]);
  expect(prack?.headers.get('CSeq')).toBe('2 PRACK');
  expect(events).toEqual([{ type: 'progress', status: 183, sdp: SDP }]);
});

test('the same response again is no news and gets no second PRACK, which repeats itself', async () => {
  const { h, invite, events } = await dialled();
  progress(h, invite, 7);
  progress(h, invite, 7);
  expect(methods(h)).toEqual(['PRACK']);
  h.clock.advance(500);
  expect(methods(h)).toEqual(['PRACK']);
  expect(events).toHaveLength(1);
});

test('a response that has overtaken another waits until it comes in its turn', async () => {
  const { h, invite, events } = await dialled();
  progress(h, invite, 7, { status: 180 });
  progress(h, invite, 9, { status: 182 });
  progress(h, invite, 8, { status: 181 });
  progress(h, invite, 9, { status: 182 });
  progress(h, invite, 3, { status: 183 });
  expect(h.udp.takeRequests().map(({ headers }) => headers.get('RAck'))).toEqual([
    '7 1 INVITE',
    '8 1 INVITE',
    '9 1 INVITE',
  ]);
  expect(events.map((event) => event.type === 'progress' && event.status)).toEqual([180, 181, 182]);
});

test('each early dialog counts for itself', async () => {
  const { h, invite } = await dialled();
  progress(h, invite, 7, { toTag: 'one' });
  progress(h, invite, 70, { toTag: 'two' });
  progress(h, invite, 8, { toTag: 'one' });
  expect(h.udp.takeRequests().map(({ headers }) => headers.get('RAck'))).toEqual([
    '7 1 INVITE',
    '70 1 INVITE',
    '8 1 INVITE',
  ]);
});

test('without RSeq, without Require, or in a 100: an ordinary response', async () => {
  const { h, invite, events } = await dialled();
  h.udp.receive(PEER, responseText(invite, { status: 180, toTag: 'peer', extra: ['Require: 100rel'] }));
  h.udp.receive(PEER, responseText(invite, { status: 180, toTag: 'peer', extra: ['RSeq: 1'] }));
  h.udp.receive(PEER, responseText(invite, { status: 180, toTag: 'peer', extra: ['Require: 100rel', 'RSeq: 0'] }));
  h.udp.receive(PEER, responseText(invite, { status: 100, extra: ['Require: 100rel', 'RSeq: 1'] }));
  expect(methods(h)).toEqual([]);
  expect(events).toHaveLength(3);
});

test('the answer of a reliable response is the answer, whatever the 200 describes', async () => {
  for (const body of ['', 'another']) {
    const { h, invite, events } = await dialled();
    progress(h, invite, 7, { body: 'the answer' });
    h.udp.receive(PEER, responseText(invite, { status: 200, toTag: 'peer', extra: RELIABLE.slice(1), body }));
    expect(events.at(-1)).toEqual({ type: 'answered', sdp: 'the answer' });
  }
});

test('once the call is given up no response gets a PRACK', async () => {
  const { h, invite, leg } = await dialled();
  leg.hangUp();
  progress(h, invite, 7);
  expect(methods(h)).toEqual(['CANCEL']);
});

describe('an UPDATE before the call is answered', () => {
  /** Sends UPDATEs in early dialogs of the INVITE. */
  function updating(h: Harness, invite: SipRequest) {
    let cseq = 0;
    return (parts: { toTag?: string; body?: string } = {}): SipResponse => {
      const { toTag = 'peer', body = SDP } = parts;
      h.udp.take();
      cseq += 1;
      const from = `${invite.headers.get('To')};tag=${toTag}`;
      const to = invite.headers.get('From') ?? '';
      h.send({ method: 'UPDATE', from, to, callId: invite.headers.get('Call-ID') ?? '', cseq, body });
      return lastResponse(h.udp.take());
    };
  }

  const answering =
    (answer = 'our answer') =>
    (event: LegEvent) => {
      if (event.type === 'offer') event.reply.accept(answer);
    };

  test('with an offer, while ours has no reliable answer: 491', async () => {
    const { h, invite, events } = await dialled();
    const update = updating(h, invite);
    progress(h, invite, 7);
    expect(update().status).toBe(491);
    h.udp.receive(PEER, responseText(invite, { status: 183, toTag: 'peer', body: SDP, extra: RELIABLE.slice(1) }));
    expect(update().status).toBe(491);
    expect(events.filter(({ type }) => type === 'offer')).toEqual([]);
  });

  test('with an offer, once ours is answered: an answer, and the 200 of the INVITE brings none', async () => {
    const { h, invite, events, leg } = await dialled();
    const update = updating(h, invite);
    leg.listen((event) => {
      events.push(event);
      answering()(event);
    });
    progress(h, invite, 7, { body: 'their answer' });
    const ok = update({ body: 'their offer' });
    expect([ok.status, ok.body.toString(), ok.headers.get('Content-Type')]).toEqual([
      200,
      'our answer',
      'application/sdp',
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'offer', sdp: 'their offer' });
    h.udp.receive(PEER, responseText(invite, { status: 200, toTag: 'peer', extra: RELIABLE.slice(1), body: SDP }));
    expect(events.at(-1)).toEqual({ type: 'answered', sdp: undefined });
  });

  test('refused by the user: what was answered before stands', async () => {
    const { h, invite, events, leg } = await dialled();
    const update = updating(h, invite);
    leg.listen((event) => {
      events.push(event);
      if (event.type === 'offer') event.reply.reject(488);
    });
    progress(h, invite, 7, { body: 'their answer' });
    expect(update().status).toBe(488);
    h.udp.receive(PEER, responseText(invite, { status: 200, toTag: 'peer', extra: RELIABLE.slice(1) }));
    expect(events.at(-1)).toEqual({ type: 'answered', sdp: 'their answer' });
  });

  test('of a second branch: 488, and if that branch answers, its first answer counts', async () => {
    const { h, invite, events, leg } = await dialled();
    const update = updating(h, invite);
    leg.listen((event) => {
      events.push(event);
      answering()(event);
    });
    progress(h, invite, 7, { toTag: 'one', body: 'answer of one' });
    progress(h, invite, 9, { toTag: 'two', body: 'answer of two' });
    expect(update({ toTag: 'one' }).status).toBe(200);
    expect(update({ toTag: 'two' }).status).toBe(488);
    expect(update({ toTag: 'one' }).status).toBe(200);
    h.udp.receive(PEER, responseText(invite, { status: 200, toTag: 'two', extra: RELIABLE.slice(1) }));
    expect(events.at(-1)).toEqual({ type: 'answered', sdp: 'answer of two' });
  });

  test('without an offer: 200, and nobody is asked', async () => {
    const { h, invite, events } = await dialled();
    const update = updating(h, invite);
    progress(h, invite, 7);
    const ok = update({ body: '' });
    expect([ok.status, ok.body.length]).toEqual([200, 0]);
    expect(events).toHaveLength(1);
  });

  test('of a call that was given up: 488', async () => {
    const { h, invite, leg } = await dialled();
    const update = updating(h, invite);
    leg.listen(answering());
    progress(h, invite, 7, { body: SDP });
    leg.hangUp();
    expect(update().status).toBe(488);
  });
});

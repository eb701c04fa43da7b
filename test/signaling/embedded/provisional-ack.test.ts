import { expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import type { LegEvent } from '../../../src/signaling/port.js';
import { createHarness, type Harness, PEER } from '../../support/embedded-harness.js';
import { responseText, SDP } from '../../support/sip-text.js';

const RELIABLE = ['Require: 100rel', 'Contact: <sip:peer@192.0.2.9:5075>'];

async function dialled(): Promise<{ h: Harness; invite: SipRequest; events: LegEvent[]; hangUp: () => void }> {
  const h = await createHarness();
  const { leg, events } = h.dial();
  const [invite] = h.udp.takeRequests();
  if (invite === undefined) throw new Error('no INVITE');
  return { h, invite, events, hangUp: () => leg.hangUp() };
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
  const { h, invite, hangUp } = await dialled();
  hangUp();
  progress(h, invite, 7);
  expect(methods(h)).toEqual(['CANCEL']);
});

test('an UPDATE with an offer before ours is answered reliably: 491; after that, but before the 200: 488', async () => {
  const { h, invite } = await dialled();
  const from = `${invite.headers.get('To')};tag=peer`;
  const update = (cseq: number) =>
    h.send({
      method: 'UPDATE',
      from,
      to: invite.headers.get('From') ?? '',
      callId: invite.headers.get('Call-ID') ?? '',
      cseq,
      body: SDP,
    });
  progress(h, invite, 7);
  h.udp.take();
  update(1);
  expect(h.statuses()).toEqual([491]);
  progress(h, invite, 8, { body: SDP });
  h.udp.take();
  update(2);
  expect(h.statuses()).toEqual([488]);
});

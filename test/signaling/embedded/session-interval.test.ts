import { expect, test } from 'vitest';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import type { SessionTimerOptions } from '../../../src/signaling/session/session-agreement.js';
import { createHarness, PEER } from '../../support/embedded-harness.js';
import { responseText, SDP } from '../../support/sip-text.js';

/** 422 to an INVITE of ours (RFC 4028 section 7.3). */

async function dialled(mode: SessionTimerOptions['mode']) {
  const sessionTimers = { mode, expiresSeconds: 300, minSeconds: 90, refresher: 'us' } as const;
  const h = await createHarness({ options: { sessionTimers } });
  const { leg, events } = h.dial();
  const next = (): SipRequest => {
    const invite = h.udp.takeRequests().findLast(({ method }) => method !== 'ACK');
    if (invite === undefined) throw new Error('nothing was sent');
    return invite;
  };
  const reply = (to: SipRequest, status: number, extra: readonly string[]) =>
    h.udp.receive(
      PEER,
      responseText(to, { status, toTag: 'peer', extra: [...extra], ...(status < 300 && { body: SDP }) }),
    );
  const tooBrief = (minimum: number): SipRequest => {
    reply(next(), 422, [`Min-SE: ${minimum}`]);
    return next();
  };
  return { h, leg, events, next, reply, tooBrief };
}

const intervals = ({ headers }: SipRequest) => [headers.get('Session-Expires'), headers.get('Min-SE')];

test.each(['accept', 'request'] as const)('%s: asked again with the interval that the 422 names', async (mode) => {
  const { events, next, reply } = await dialled(mode);
  const first = next();
  reply(first, 422, ['Min-SE: 600']);
  const second = next();
  expect(intervals(second)).toEqual(['600;refresher=uac', '600']);
  for (const name of ['Call-ID', 'From', 'To']) expect(second.headers.get(name)).toBe(first.headers.get(name));
  expect(second.headers.get('CSeq')).toBe('2 INVITE');
  expect(second.headers.get('Via')).not.toBe(first.headers.get('Via'));
  reply(second, 200, ['Session-Expires: 600;refresher=uac', 'Contact: <sip:peer@192.0.2.9:5075>']);
  expect(events).toEqual([{ type: 'answered', sdp: SDP }]);
});

test('a refresh still says what was learned before the dialog', async () => {
  const { h, next, reply, tooBrief } = await dialled('request');
  const [contact, allow] = ['Contact: <sip:peer@192.0.2.9:5075>', 'Allow: INVITE, ACK, BYE, UPDATE'];
  reply(tooBrief(600), 200, ['Session-Expires: 700;refresher=uac', contact, allow]);
  h.clock.advance(350_000);
  const refresh = next();
  expect([refresh.method, ...intervals(refresh)]).toEqual(['UPDATE', '700;refresher=uac', '600']);
});

test('each proxy on the way may ask for more, the fourth time the call ends with the 422', async () => {
  const { events, h, next, reply } = await dialled('request');
  for (const minimum of [400, 500, 600]) {
    reply(next(), 422, [`Min-SE: ${minimum}`]);
  }
  const last = next();
  expect(intervals(last)).toEqual(['600;refresher=uac', '600']);
  reply(last, 422, ['Min-SE: 700']);
  expect(h.udp.takeRequests().map(({ method }) => method)).toEqual(['ACK']);
  expect(events).toEqual([{ type: 'ended', end: expect.objectContaining({ by: 'peer', status: 422 }) }]);
});

test.each([
  ['that asks for no more than we did', 'request', ['Min-SE: 600'], ['Min-SE: 600']],
  ['without Min-SE', 'request', [], undefined],
  ['where session timers are off', 'off', ['Min-SE: 600'], undefined],
] as const)('a 422 %s ends the call', async (_, mode, extra, again) => {
  const { events, next, reply } = await dialled(mode);
  reply(next(), 422, extra);
  if (again) reply(next(), 422, again);
  expect(events).toEqual([{ type: 'ended', end: expect.objectContaining({ by: 'peer', status: 422 }) }]);
});

test('whoever hung up before the 422 sends no second INVITE', async () => {
  const { h, leg, next, reply } = await dialled('request');
  const invite = next();
  leg.hangUp();
  reply(invite, 422, ['Min-SE: 600']);
  expect(h.udp.takeRequests().map(({ method }) => method)).toEqual(['ACK']);
});

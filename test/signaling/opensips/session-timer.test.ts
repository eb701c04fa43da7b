import { expect, it } from 'vitest';
import type { DialogContent, DialogContentUser } from '../../../src/signaling/dialog-channel.js';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import type { SipResponse } from '../../../src/signaling/message/sip-message.js';
import { SessionTimer } from '../../../src/signaling/opensips/session-timer.js';
import type { LegEnd } from '../../../src/signaling/port.js';
import { FakeClock } from '../../support/fake-clock.js';

const headersOf = (...fields: readonly (readonly [string, string])[]): SipHeaders => {
  const headers = new SipHeaders();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
};
const response = (status: number, headers = headersOf()): SipResponse => ({
  kind: 'response',
  status,
  phrase: '',
  headers,
  body: Buffer.alloc(0),
});
const asking = (refresher: 'uac' | 'uas', allow = 'INVITE, UPDATE'): SipHeaders =>
  headersOf(['Supported', 'timer'], ['Allow', allow], ['Session-Expires', `90;refresher=${refresher}`]);

function scene() {
  const clock = new FakeClock();
  const sent: { content: DialogContent; user: DialogContentUser }[] = [];
  const ends: { end: LegEnd; reason: string | undefined }[] = [];
  const timer = new SessionTimer({
    channel: {
      send: (content, user) => sent.push({ content, user }),
      invite: () => ({ proceeding: false, cancel: () => {}, limit: () => {} }),
    },
    clock,
    random: { integer: () => 0, hex: () => '' },
    onDead: (end, reason) => ends.push({ end, reason }),
  });
  return { clock, sent, ends, timer };
}

it('where we are to refresh, an UPDATE leaves at half the interval, and its 200 carries it on', () => {
  const { clock, sent, ends, timer } = scene();
  expect(timer.accept(asking('uas'))).toContainEqual(['Session-Expires', '90;refresher=uas']);
  clock.advance(44_999);
  expect(sent).toHaveLength(0);
  clock.advance(1);
  expect(sent[0]?.content).toMatchObject({ method: 'UPDATE' });
  expect([...(sent[0]?.content.headers ?? [])]).toContainEqual(['Session-Expires', '90;refresher=uac']);
  sent[0]?.user.onResponse(response(200, headersOf(['Session-Expires', '90;refresher=uac'])));
  clock.advance(44_999);
  expect([sent.length, ends.length]).toEqual([1, 0]);
  clock.advance(1);
  expect(sent).toHaveLength(2);
});

it('a peer that does not refresh gets BYE before the interval is over', () => {
  const { clock, ends, timer } = scene();
  timer.accept(asking('uac'));
  clock.advance(59_999);
  timer.accept(asking('uac'));
  clock.advance(59_999);
  expect(ends).toEqual([]);
  clock.advance(1);
  expect(ends).toEqual([
    { end: { by: 'transport', status: 408, text: '' }, reason: 'SIP;cause=408;text="session-expired"' },
  ]);
});

it('a refresh that is refused for now is tried again, one of an unknown dialog ends the call', () => {
  const { clock, sent, ends, timer } = scene();
  timer.accept(asking('uas'));
  clock.advance(45_000);
  sent[0]?.user.onResponse(response(491));
  clock.advance(5_000);
  expect(sent).toHaveLength(2);
  sent[1]?.user.onResponse(response(481));
  expect(ends).toMatchObject([{ end: { by: 'peer', status: 481 } }]);
  expect(clock.pendingTimers).toBe(0);
});

it('a peer that allows no UPDATE has to refresh by itself, or there is no timer', () => {
  const { clock, sent, timer } = scene();
  expect(timer.accept(asking('uas', 'INVITE, BYE'))).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
  timer.accept(headersOf(['Supported', 'timer'], ['Session-Expires', '90;refresher=uas']));
  timer.close();
  clock.advance(90_000);
  expect([sent.length, clock.pendingTimers]).toEqual([0, 0]);
});

import { describe, expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import { drachtioDefaults } from '../../../src/signaling/drachtio/drachtio-options.js';
import { SessionTimer } from '../../../src/signaling/drachtio/session-timer.js';
import type { SipRequest, SipResponse } from '../../../src/signaling/message/sip-message.js';
import type { SessionTimerOptions } from '../../../src/signaling/session/session-agreement.js';
import { FakeClock } from '../../support/fake-clock.js';
import { invite, mustParse } from '../message/samples.js';

function asking(...fields: readonly string[]): SipRequest {
  const message = mustParse(invite({}, fields));
  if (message.kind !== 'request') throw new Error('no request');
  return message;
}

function answer(status: number, ...fields: readonly string[]): SipResponse {
  const { headers, body } = asking(...fields);
  return { kind: 'response', status, phrase: '', headers, body };
}

function timerWith(options: Partial<SessionTimerOptions> = {}) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const timer = new SessionTimer({
    options: { ...drachtioDefaults.sessionTimers, ...options },
    clock,
    random: createSystemRandom(),
    refresh: () => seen.push('refresh'),
    onDead: ({ status }, reason) => seen.push(`${status} ${reason}`),
  });
  const headers = () => [...timer.requestHeaders()].map(([name, value]) => `${name}: ${value}`);
  return { clock, timer, seen, headers };
}

const EXPIRED = '408 SIP;cause=408;text="session-expired"';

describe('a session timer that an INVITE asks for', () => {
  test.each([
    [
      ['Session-Expires: 1800;refresher=uas', 'Supported: timer'],
      ['Require: timer', 'Session-Expires: 1800;refresher=uas'],
    ],
    [
      ['Session-Expires: 1800', 'Supported: 100rel, timer'],
      ['Require: timer', 'Session-Expires: 1800;refresher=uac'],
    ],
    [['Session-Expires: 90;refresher=uac'], ['Session-Expires: 90;refresher=uas']],
    [['Supported: timer'], []],
    [['Session-Expires: 30'], []],
    [['Session-Expires: soon'], []],
  ])('%j is answered as RFC 4028 section 9 says', (fields, lines) => {
    const { timer } = timerWith();
    expect([...timer.accept(asking(...fields).headers)].map(([name, value]) => `${name}: ${value}`)).toEqual(lines);
  });

  test('below the shortest is refused where its sender knows 422', () => {
    const { timer } = timerWith({ minSeconds: 120 });
    const headers = [['Min-SE', '120']];
    expect(timer.refusalOf(asking('Session-Expires: 90', 'Supported: timer').headers)).toEqual({
      status: 422,
      headers,
    });
    expect(timer.refusalOf(asking('Session-Expires: 90').headers)).toBeUndefined();
  });
});

describe('a session that is ours to refresh', () => {
  test('is refreshed before the server does it, and again after each 2xx', () => {
    const { clock, timer, seen, headers } = timerWith();
    timer.accepted(answer(200, 'Session-Expires: 90;refresher=uac'));
    clock.advance(29_900);
    expect(seen).toEqual([]);
    clock.advance(200);
    expect(seen).toEqual(['refresh']);
    expect(headers()).toEqual(['Supported: timer', 'Session-Expires: 90;refresher=uac', 'Min-SE: 90']);
    timer.accepted(answer(200, 'Session-Expires: 90;refresher=uac'));
    clock.advance(30_100);
    expect(seen).toEqual(['refresh', 'refresh']);
  });

  test('is tried again where that comes to nothing, until it has run out', () => {
    const { clock, timer, seen } = timerWith();
    timer.accepted(answer(200, 'Session-Expires: 90;refresher=uac'));
    clock.advance(30_000);
    timer.failed();
    clock.advance(10_000);
    expect(seen).toEqual(['refresh', 'refresh']);
    clock.advance(20_100);
    expect(seen).toEqual(['refresh', 'refresh', EXPIRED]);
    timer.failed();
    expect(clock.pendingTimers).toBe(0);
  });

  test('follows a 422 to a longer interval, and no chain of them', () => {
    const { timer, headers } = timerWith({ mode: 'request' });
    expect(headers()).toContain('Session-Expires: 1800;refresher=uac');
    for (const seconds of [2000, 2100, 2200]) expect(timer.learn(answer(422, `Min-SE: ${seconds}`))).toBe(true);
    expect(headers()).toEqual(['Supported: timer', 'Session-Expires: 2200;refresher=uac', 'Min-SE: 2200']);
    expect(timer.learn(answer(422, 'Min-SE: 2300'))).toBe(false);
  });
});

describe('a session that is the peer’s to refresh', () => {
  test('lives as long as it does, and ends a third before the end of the interval', () => {
    const { clock, timer, seen } = timerWith();
    timer.accept(asking('Session-Expires: 90;refresher=uac', 'Supported: timer').headers);
    clock.advance(59_000);
    timer.accept(asking('Session-Expires: 90;refresher=uac', 'Supported: timer').headers);
    clock.advance(59_900);
    expect(seen).toEqual([]);
    clock.advance(200);
    expect(seen).toEqual([EXPIRED]);
  });

  test('has no timer once it lets that go', () => {
    const { clock, timer } = timerWith();
    timer.accept(asking('Session-Expires: 90;refresher=uac', 'Supported: timer').headers);
    timer.accept(asking('Supported: timer').headers);
    expect(clock.pendingTimers).toBe(0);
  });
});

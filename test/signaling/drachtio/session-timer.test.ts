import { describe, expect, test } from 'vitest';
import { refuseShortTimer, sessionTimerHeaders } from '../../../src/signaling/drachtio/session-timer.js';
import type { SipRequest } from '../../../src/signaling/message/sip-message.js';
import { invite, mustParse } from '../message/samples.js';

function asking(...fields: readonly string[]): SipRequest {
  const message = mustParse(invite({}, fields));
  if (message.kind !== 'request') throw new Error('no request');
  return message;
}

describe('a session timer that an INVITE asks for', () => {
  test.each([
    [['Session-Expires: 1800', 'Supported: timer'], [['Session-Expires', '1800;refresher=uas']]],
    [
      ['Session-Expires: 1800;refresher=uac', 'Supported: 100rel, timer'],
      [
        ['Session-Expires', '1800;refresher=uac'],
        ['Require', 'timer'],
      ],
    ],
    [['Session-Expires: 90;refresher=uac'], [['Session-Expires', '90;refresher=uas']]],
    [['Supported: timer'], []],
    [['Session-Expires: 30'], []],
    [['Session-Expires: 99999999999'], []],
    [['Session-Expires: soon'], []],
  ])('%j is answered as RFC 4028 section 9 says', (fields, headers) => {
    expect([...sessionTimerHeaders(asking(...fields))]).toEqual(headers);
  });

  test('below 90 s is refused where its sender knows 422', () => {
    expect(refuseShortTimer(asking('Session-Expires: 60', 'Supported: timer'))).toEqual({
      status: 422,
      headers: [['Min-SE', '90']],
    });
    expect(refuseShortTimer(asking('Session-Expires: 60'))).toBeUndefined();
    expect(refuseShortTimer(asking('Session-Expires: 90', 'Supported: timer'))).toBeUndefined();
    expect(refuseShortTimer(asking('Supported: timer'))).toBeUndefined();
  });
});

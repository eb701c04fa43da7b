import { expect, test } from 'vitest';
import { FakeLeg, OFFER } from '../support/fake-leg.js';
import { MemoryLog } from '../support/memory-log.js';
import { answered, bye, configIn, setUp } from './connector-setup.js';

const KEY = Buffer.from('thirty-octets-nobody-may-see-0').toString('base64');
const SECURE = `${OFFER.replace('RTP/AVP', 'RTP/SAVP')}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}\r\n`;
const withSrtp = (srtp: 'off' | 'optional' | 'required') => ({ media: { ...configIn('/tmp').media, srtp } });

test('an offer of SRTP is answered with SRTP, and no key is in the log or the record', async () => {
  const log = new MemoryLog();
  const setup = await setUp(withSrtp('optional'), { log });
  await setup.connector.start();
  const leg = await answered(setup, { sdp: SECURE });
  const [answer = ''] = leg.descriptions;
  expect(answer).toContain(' RTP/SAVP 0 101\r\n');
  const ours = /inline:(\S+)/.exec(answer)?.[1] ?? '';
  expect(setup.engine.streams[0]?.parameters[0]?.srtp?.suite).toBe('AES_CM_128_HMAC_SHA1_80');
  // What cannot be read is complained about without being shown.
  const broken = new FakeLeg({ sdp: SECURE.replace('SHA1_80', 'SHA1_99') });
  setup.driver.ring(broken);
  expect(broken.actions).toEqual(['reject 488']);
  leg.emit(bye);
  const records = await setup.records();
  const told = JSON.stringify([log.lines, records]);
  for (const key of [KEY, ours]) {
    expect(key).toHaveLength(40);
    expect(told).not.toContain(key);
    expect(told).not.toContain(Buffer.from(key, 'base64').toString('hex'));
  }
});

test.each([
  ['off', SECURE],
  ['required', OFFER],
] as const)('with media.srtp %s the offer of the other kind is refused', async (mode, sdp) => {
  const setup = await setUp(withSrtp(mode));
  await setup.connector.start();
  const leg = new FakeLeg({ sdp });
  setup.driver.ring(leg);
  expect(leg.actions).toEqual(['reject 488']);
});

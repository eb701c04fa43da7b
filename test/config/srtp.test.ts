import { expect, test } from 'vitest';
import { anyRoute, loadGood, summary } from './load-text.js';

const allow = 'allow: [10.0.0.0/8]';
const trunk = (rest: string): string => `trunks: { out: { ${rest} } }`;
const clear = 'SRTP keys go over udp: in the clear';

test('SRTP is off unless the file says otherwise, and a trunk follows the rest', async () => {
  const { config } = await loadGood(`${trunk('targets: ["sip:192.0.2.1"]')}\n${anyRoute}`);
  expect([config.media.srtp, Object.values(config.trunks)[0]?.srtp]).toEqual(['off', undefined]);
  const { config: other } = await loadGood(
    `media: { srtp: required }\n${trunk('targets: ["sip:192.0.2.1"], srtp: off')}\n${anyRoute}`,
  );
  expect([other.media.srtp, Object.values(other.trunks)[0]?.srtp]).toEqual(['required', 'off']);
});

test.each([
  ['media: { srtp: optional }', [`warning media.srtp: ${clear}`]],
  [`media: { srtp: required }\nsignaling: { embedded: { listen: [udp:127.0.0.1:5060], ${allow} } }`, []],
  ['media: { srtp: off }', []],
  [
    trunk('targets: ["sip:192.0.2.1"], srtp: required'),
    ['warning trunks.out.targets[0]: SRTP keys go to this target in the clear'],
  ],
  [trunk('targets: ["sip:192.0.2.1;transport=tls"], srtp: required'), []],
  [trunk('targets: ["sips:192.0.2.1"], srtp: required'), []],
  ['media: { srtp: maybe }', ['error media.srtp: expected off, optional or required']],
])('%s', async (text, expected) => {
  expect(await summary(`${text}\n${anyRoute}`)).toEqual(expected);
});

import { expect, test } from 'vitest';
import { withoutSrtpKeys } from '../../../src/signaling/hep/masked-keys.js';

const masked = (text: string): string => Buffer.from(withoutSrtpKeys(Buffer.from(text))).toString();

test.each([
  ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:ab+/9Q==|2^48|1:4 UNENCRYPTED_SRTP\r\n', 'inline:xxxxxxxx|2^48|1:4 UN'],
  [
    'a=crypto:1 X inline:AAAA;inline:BBBB|2^20\r\ninline:CCCC',
    'a=crypto:1 X inline:xxxx;inline:xxxx|2^20\r\ninline:CCCC',
  ],
  ['a=crypto:1 X INLINE:AAAA|2^20', 'INLINE:xxxx|2^20'],
  ['a=crypto:1 X inline:AAAA\na=crypto:2 Y inline:BBBB', 'inline:xxxx\na=crypto:2 Y inline:xxxx'],
])('%j', (text, part) => {
  expect(masked(text)).toContain(part);
  expect(masked(text)).toHaveLength(text.length);
});

test('a message without keys is passed on as it is, and one with keys is not changed', () => {
  const plain = Buffer.from('INVITE sip:inline:abc SIP/2.0\r\n\r\n');
  expect(withoutSrtpKeys(plain)).toBe(plain);
  const keyed = Buffer.from('a=crypto:1 X inline:AAAA');
  withoutSrtpKeys(keyed);
  expect(keyed.toString()).toBe('a=crypto:1 X inline:AAAA');
});

/** What is looked at again for each of its parts takes a minute and more with this length, else milliseconds. */
test.each(['a=crypto:\r\n', 'a=crypto:', 'a=crypto:inline:', 'inline:'])(
  'a megabyte of %j is looked through once',
  (part) => {
    const message = Buffer.from(`a=crypto:${part.repeat(1_000_000 / part.length)}`);
    expect(withoutSrtpKeys(message)).toHaveLength(message.length);
  },
);

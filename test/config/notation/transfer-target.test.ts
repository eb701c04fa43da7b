import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTransferTarget } from '../../../src/config/notation/transfer-target.js';

test.each([
  'sip:sales@example.com',
  'sip:example.com',
  'sips:2001@pbx.example.com:5061;transport=tcp',
  'sip:+44-207-1234567@192.0.2.1',
  'sip:%2Bsales%40home@[2001:db8::1]:5060',
  'SIP:1;isub=2@example.com.',
  'sip:+442071234567@example.com;user=phone',
  'tel:+44-207-123.4567',
  'tel:+(44)2071234567;ext=12',
  'tel:2001;phone-context=example.com',
  'tel:*21#;phone-context=+44',
])('%s is a target', (text) => {
  expect(parseTransferTarget(text)).toEqual({ ok: true, value: text });
});

test.each([
  ['2001', 'expected a sip:, sips: or tel: URI'],
  ['https://example.com', 'expected a sip:, sips: or tel: URI'],
  ['sip:', 'expected a sip:, sips: or tel: URI'],
  ['sip:a@b?Replaces=c', 'a target with header fields ("?")'],
  ['sip:a@b;transport=tcp?X=y', 'a target with header fields ("?")'],
  ['sip:a@b;method=BYE', 'a target with a method'],
  ['sip:a@b;METHOD=BYE;x', 'a target with a method'],
  ['sip:a:secret@b', 'a target with a password'],
  ['sip:a b@c', 'the part before "@" is no SIP user'],
  ['sip:a@b@c', 'the part before "@" is no SIP user'],
  ['sip:a>\r\nX: y@c', 'a target with a password'],
  ['sip:a>@c', 'the part before "@" is no SIP user'],
  ['sip:@c', 'the part before "@" is no SIP user'],
  ['sip:a@', 'the part after "@" is no host, or its port is none'],
  ['sip:a@b:0', 'the part after "@" is no host, or its port is none'],
  ['sip:a@b:70000', 'the part after "@" is no host, or its port is none'],
  ['sip:a@300.1.1.1', 'the part after "@" is no host, or its port is none'],
  ['sip:a@-b', 'the part after "@" is no host, or its port is none'],
  ['sip:a@2001:db8::1', 'the part after "@" is no host, or its port is none'],
  ['sip:a@b:65536', 'the part after "@" is no host, or its port is none'],
  ['sip:a@[fe80::1%25eth0]', 'the part after "@" is no host, or its port is none'],
  ['sip:a@[192.0.2.1]', 'the part after "@" is no host, or its port is none'],
  [`sip:a@${'a.'.repeat(128)}example`, 'the part after "@" is no host, or its port is none'],
  ['sip:a@b\r\nX: y', 'the part after "@" is no host, or its port is none'],
  ['sip:a@b;x\r\nY: z', 'what follows the host is no list of ;name=value'],
  ['sip:a@b:123456', 'what follows the host is no list of ;name=value'],
  ['sip:a@[2001:db8::1]b', 'what follows the host is no list of ;name=value'],
  ['sip:a@b;', 'what follows the host is no list of ;name=value'],
  ['sip:a%4@b', '"%" without two hexadecimal digits'],
  ['tel:2001', 'a number without "+" needs a phone-context (RFC 3966)'],
  ['tel:+', 'the part after "tel:" is no number'],
  ['tel:(-);phone-context=example.com', 'the part after "tel:" is no number'],
  ['tel:call me', 'the part after "tel:" is no number'],
  ['tel:+44;x\r\nY: z', 'what follows the number is no list of ;name=value'],
  [`sip:${'a'.repeat(600)}@b`, 'a target of more than 512 characters'],
])('%j is none: %s', (text, problem) => {
  expect(parseTransferTarget(text)).toMatchObject({ ok: false, problem });
});

test('no target holds what could end a header field or an address in angle brackets', () => {
  const part = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom('sip:', 'sips:', 'tel:+'), part, part, part, (scheme, user, host, rest) => {
      const text = `${scheme}${user}@${host}b${rest}`;
      const target = parseTransferTarget(text);
      if (target.ok) expect(target.value).not.toMatch(/[\p{Cc}\s<>"?]/u);
    }),
  );
});

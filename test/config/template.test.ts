import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callVariables, placeholders, renderTemplate } from '../../src/config/template.js';

const headers = new Map([
  ['x-customer', ['Ann', 'Bob']],
  ['authorization', ['Digest response="1234"']],
  ['proxy-authorization', ['Digest response="5678"']],
  ['from', ['<sip:1000@example.com>']],
]);
const variables = callVariables({ shop: 'London', constructor: 'x' }, { from: '1000', to: '2000', headers });
const render = (text: string): string => renderTemplate(text, variables).text;

test.each([
  ['Hello, {{shop}} salon.', 'Hello, London salon.'],
  ['{{from}} to {{ to }}', '1000 to 2000'],
  ['{{sip.X-Customer}} {{sip.x-CUSTOMER}} {{SIP.x-customer}}', 'Ann Ann Ann'],
  ['{{sip.From}}', '<sip:1000@example.com>'],
  ['no placeholder', 'no placeholder'],
  ['{{}} {{ }} { {shop}} {{shop} {{a b}} {{{shop}}}', '{{}} {{ }} { {shop}} {{shop} {{a b}} {London}'],
  ['', ''],
])('%j becomes %j', (text, expected) => {
  expect(render(text)).toBe(expected);
});

test('a name without a value leaves nothing, and is reported once', () => {
  expect(renderTemplate('[{{a}}{{Shop}}{{a}}{{toString}}{{__proto__}}]', variables)).toEqual({
    text: '[]',
    missing: ['a', 'Shop', 'toString', '__proto__'],
  });
});

test('credentials never get into a text', () => {
  expect(renderTemplate('{{sip.Authorization}}{{sip.proxy-authorization}}', variables)).toEqual({
    text: '',
    missing: ['sip.Authorization', 'sip.proxy-authorization'],
  });
});

describe('a hostile header', () => {
  const shown = (value: string): string =>
    renderTemplate('{{sip.x}}', callVariables({}, { from: '', to: '', headers: new Map([['x', [value]]]) })).text;

  test.each([
    ['{{shop}} $& $1 $$', '{{shop}} $& $1 $$'],
    ['line\r\nbreak\u0000\u007f\u0085end', 'line break end'],
    ['\u2028\u2029', ' '],
    ['half \ud83d pair', 'half  pair'],
  ])('%j is shown as %j', (value, expected) => {
    expect(shown(value)).toBe(expected);
  });

  test('is cut after 512 characters, never within one', () => {
    expect(shown('x'.repeat(5000))).toHaveLength(512);
    expect(shown(`${'x'.repeat(511)}😀`)).toBe('x'.repeat(511));
  });
});

test('the route wins over the call, and the call over its headers', () => {
  const facts = { from: '1', to: '2', headers: new Map([['from', ['header']]]) };
  expect(callVariables({ from: 'route' }, facts).get('from')).toBe('route');
  expect(callVariables({}, facts).get('from')).toBe('1');
});

test('no text and no value makes rendering throw, or leaves control characters of a value behind', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, value) => {
      const { text: shown } = renderTemplate(`${text.replaceAll(/\p{Cc}/gu, '')}{{v}}`, new Map([['v', value]]));
      expect(shown).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test('placeholders of a text, each once', () => {
  expect(placeholders('{{a}} {{ b-c }} {{a}} {{sip.X-A}} {{d e}}')).toEqual(['a', 'b-c', 'sip.X-A']);
});

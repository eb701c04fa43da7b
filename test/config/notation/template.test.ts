import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CallFacts,
  callVariables,
  isVariableName,
  placeholders,
  renderTemplate,
} from '../../../src/config/notation/template.js';

const headers = new Map([
  ['x-customer', ['Ann', 'Bob']],
  ['authorization', ['Digest response="1234"']],
  ['proxy-authorization', ['Digest response="5678"']],
  ['from', ['<sip:1000@example.com>']],
]);
/** 3 March 2026, 14:05 UTC. */
const march = Date.UTC(2026, 2, 3, 14, 5, 59);
const factsAt = (wallTimeMs: number, timeZone: string, facts: Partial<CallFacts> = {}): CallFacts => ({
  id: 'c0ffee',
  from: '1000',
  to: '2000',
  headers: new Map(),
  moment: { wallTimeMs, timeZone },
  ...facts,
});
const variables = callVariables({ shop: 'London', constructor: 'x' }, factsAt(march, 'UTC', { headers }));
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
    renderTemplate('{{sip.x}}', callVariables({}, factsAt(march, 'UTC', { headers: new Map([['x', [value]]]) }))).text;

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
  const facts = factsAt(march, 'UTC', { from: '1', headers: new Map([['from', ['header']]]) });
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

describe('date and time', () => {
  const at = (text: string, timeZone: string, wallTimeMs = march): string =>
    renderTemplate(text, callVariables({}, factsAt(wallTimeMs, timeZone))).text;

  test.each([
    ['UTC', 'Tuesday, 3 March 2026, 14:05'],
    ['Europe/London', 'Tuesday, 3 March 2026, 14:05'],
    ['America/New_York', 'Tuesday, 3 March 2026, 09:05'],
    ['Asia/Tokyo', 'Tuesday, 3 March 2026, 23:05'],
    ['Pacific/Kiritimati', 'Wednesday, 4 March 2026, 04:05'],
    ['Asia/Kathmandu', 'Tuesday, 3 March 2026, 19:50'],
  ])('are told as in %s: %s', (timeZone, expected) => {
    expect(at('{{datetime}}', timeZone)).toBe(expected);
    expect(at('{{weekday}}', timeZone)).toBe(expected.split(',')[0]);
    expect(at('{{date}}, {{time}}', timeZone)).toBe(expected);
    expect(at('{{timezone}}', timeZone)).toBe(timeZone);
  });

  test('follow summer time', () => {
    expect(at('{{time}}', 'Europe/London', Date.UTC(2026, 2, 29, 0, 59))).toBe('00:59');
    expect(at('{{time}}', 'Europe/London', Date.UTC(2026, 2, 29, 1, 0))).toBe('02:00');
  });

  test('midnight is 00:00 and belongs to the day that begins', () => {
    expect(at('{{datetime}}', 'UTC', Date.UTC(2026, 0, 1))).toBe('Thursday, 1 January 2026, 00:00');
  });
});

test('a call is told by its id', () => {
  expect(render('{{call.id}}')).toBe('c0ffee');
});

test.each([
  ['shop', true],
  ['_a-1', true],
  ['from', false],
  ['date', false],
  ['timezone', false],
  ['call.id', false],
  ['sip.X', false],
  ['1a', false],
  ['', false],
  ['a'.repeat(129), false],
])('a route may name a variable %j: %j', (name, expected) => {
  expect(isVariableName(name)).toBe(expected);
});

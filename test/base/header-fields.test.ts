import { describe, expect, test } from 'vitest';
import {
  checkHeaderFields,
  headerNameProblem,
  isHeaderValue,
  toHeaderFields,
  toHeaderValue,
} from '../../src/base/header-fields.js';

const unfit = expect.objectContaining({ code: 'ERR_SIP_STATE' });

test.each(['X-Call-Outcome', 'User-to-User', 'P-Asserted-Identity', 'Diversion', 'Reason', 'x.y!z'])(
  '%s may be sent',
  (name) => {
    expect(headerNameProblem(name)).toBeUndefined();
  },
);

test.each(['Via', 'VIA', 'v', 'Route', 'Contact', 'm', 'CSeq', 'Call-ID', 'i', 'l', 'Refer-To', 'r', 'Content-Type'])(
  '%s is the endpoint’s own',
  (name) => {
    expect(headerNameProblem(name)).toMatch('by the endpoint');
  },
);

test.each(['', 'X Y', 'X:', 'X\r\nVia', 'X-\u00e9', 'X"', 'x'.repeat(129)])('%j is no name', (name) => {
  expect(headerNameProblem(name)).toMatch('no header name');
});

test.each(['a\r\nVia: evil', 'a\nb', 'a\rb', 'a\u0000', 'a\u007f', 'a\u0085b'])('%j is no value', (value) => {
  expect(isHeaderValue(value)).toBe(false);
  expect(isHeaderValue(toHeaderValue(value))).toBe(true);
  expect(() => checkHeaderFields(new Map([['X-A', value]]))).toThrow(unfit);
});

test('a text from anywhere becomes one line, and keeps its letters', () => {
  expect(toHeaderValue(' J\u00f6rg\r\nVia: x\ud83d\ude00\t ')).toBe('J\u00f6rg  Via: x\ud83d\ude00');
});

test('what is made of any texts may always be sent', () => {
  const texts: [string, string][] = [
    ['X-A', 'a\r\nVia: evil'],
    ['x-a', 'twice'],
    ['Via', 'evil'],
    ['X-Empty', ' \u0000'],
    ...Array.from({ length: 40 }, (_, index): [string, string] => [`X-${index}`, '\u00e9'.repeat(5_000)]),
  ];
  const headers = toHeaderFields(texts);
  expect(headers.get('X-A')).toBe('a  Via: evil');
  expect([...headers.keys()]).toEqual(['X-A', 'X-0', 'X-1', 'X-2']);
  expect(() => checkHeaderFields(headers)).not.toThrow();
});

describe('the fields of one message', () => {
  test('are few, small, and each named once whatever its case', () => {
    expect(() => checkHeaderFields(undefined)).not.toThrow();
    expect(() => checkHeaderFields(new Map([['X-A', 'b\tc']]))).not.toThrow();
    const many = new Map(Array.from({ length: 33 }, (_, index) => [`X-${index}`, '']));
    expect(() => checkHeaderFields(many)).toThrow(unfit);
    expect(() => checkHeaderFields(new Map([['X-A', 'x'.repeat(8_190)]]))).toThrow(unfit);
    const twice = [
      ['X-A', '1'],
      ['x-a', '2'],
    ] as const;
    expect(() => checkHeaderFields(new Map(twice))).toThrow(unfit);
  });

  test('an error never repeats a value or an unfit name', () => {
    const message = (headers: Map<string, string>): string => {
      try {
        checkHeaderFields(headers);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(message(new Map([['X-A', 'secret\r\n']]))).not.toContain('secret');
    expect(message(new Map([['secret\r\n', '']]))).not.toContain('secret');
  });
});

import { expect, test } from 'vitest';
import { splitList, tokenList, unquote } from '../../../src/signaling/message/lexical.js';
import { parseNameAddr, parseNameAddrList, serializeNameAddr } from '../../../src/signaling/message/name-addr.js';

test.each([
  ['sip:a@b', { displayName: '', uri: 'sip:a@b', tag: undefined }],
  ['sip:a@b;tag=x', { uri: 'sip:a@b', tag: 'x' }],
  [
    'sip:a@b ; TAG = x ; y',
    {
      tag: 'x',
      params: new Map([
        ['tag', 'x'],
        ['y', ''],
      ]),
    },
  ],
  ['<sip:a@b;lr>;tag=x', { uri: 'sip:a@b;lr', tag: 'x', params: new Map([['tag', 'x']]) }],
  ['caller<sip:a@b>', { displayName: 'caller', uri: 'sip:a@b' }],
  ['T. Watson <sip:a@b>', { displayName: 'T. Watson' }],
  ['+49 (89) 123 <sip:a@b>', { displayName: '+49 (89) 123' }],
  ['"Bell, A. <x>;" <sip:a@b>', { displayName: 'Bell, A. <x>;' }],
  ['"a \\" \\\\ b" <sip:a@b>', { displayName: 'a " \\ b' }],
  ['"" <sip:a@b>', { displayName: '' }],
  ['<sip:a@b>;p="x;y=1,2\\""', { params: new Map([['p', '"x;y=1,2\\""']]) }],
  ['John\tDoe <sip:a@b>', { displayName: 'John\tDoe', uri: 'sip:a@b' }],
  ['sip:a@b;+sip.instance="<urn:x:1>";tag=x', { displayName: '', uri: 'sip:a@b', tag: 'x' }],
  ['<isbn:2983792873>', { uri: 'isbn:2983792873' }],
])('%s is read', (text, expected) => {
  expect(parseNameAddr(text)).toMatchObject(expected);
});

test.each([
  '',
  '*',
  '<>',
  '<sip:a@b',
  'sip:a@b>',
  '"open <sip:a@b>',
  '"a" sip:a@b',
  '"a"',
  'Bell, A. <sip:a@b>',
  'a;b <sip:a@b>',
  'a"b" <sip:a@b>',
  'sip:c@d;x <sip:a@b>',
  'a\u0001b <sip:a@b>',
  '< sip:a@b>',
  '<sip:a@b >',
  '<a@b>',
  '<sip:a@b> x',
  '<sip:a@b>;',
  '<sip:a@b>;;x',
  '<sip:a@b>;tag=',
  '<sip:a@b>;tag="x',
  '<sip:a@b>;tag=x;tag=y',
  '<sip:a@b>, <sip:c@d>',
  'sip:a@b, sip:c@d',
  'sip:a@b?Route=x',
  '<sip:a@b:99999>',
])('%j is refused', (text) => {
  expect(parseNameAddr(text)).toBeUndefined();
});

test('a parameter that merely repeats itself is tolerated', () => {
  expect(parseNameAddr('<sip:a@b>;tag=x;ob;ob')?.tag).toBe('x');
});

test('lists are split outside quotes and brackets only', () => {
  expect(parseNameAddrList('"a, b" <sip:a,b@c>;q=1, <sip:d@e>')?.map(({ uri }) => uri)).toEqual([
    'sip:a,b@c',
    'sip:d@e',
  ]);
  expect(parseNameAddrList('<sip:a@b>,,<sip:c@d>')).toBeUndefined();
  expect(parseNameAddrList('')).toBeUndefined();
  expect(splitList(' a , "b,\\",c" ,<d,e>,')).toEqual(['a', '"b,\\",c"', '<d,e>', '']);
  expect(splitList('')).toEqual([]);
  expect(tokenList(['timer, 100rel', '', 'replaces,'])).toEqual(['timer', '100rel', 'replaces']);
});

test('what is written keeps URI and header parameters apart', () => {
  const text = serializeNameAddr({
    displayName: 'a "b" \\',
    uri: 'sip:a@b;lr',
    params: new Map([
      ['tag', 'x'],
      ['y', ''],
    ]),
  });
  expect(text).toBe('"a \\"b\\" \\\\" <sip:a@b;lr>;tag=x;y');
  expect(parseNameAddr(text)).toMatchObject({ displayName: 'a "b" \\', uri: 'sip:a@b;lr', tag: 'x' });
});

test('only whole quoted strings are unquoted', () => {
  expect(['"a\\bc"', '"', 'a"', '""'].map(unquote)).toEqual(['abc', '"', 'a"', '']);
});

test('a list without end is refused after four thousand elements, not split to its end', () => {
  const elements = splitList(new Array<string>(10_000).fill('a').join(','));
  expect(elements).toHaveLength(4_097);
  expect(elements.at(-1)).toBe('');
  expect(splitList(new Array<string>(4_096).fill('a').join(',')).at(-1)).toBe('a');
});

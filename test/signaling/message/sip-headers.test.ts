import { expect, test } from 'vitest';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';

const sample = (): SipHeaders =>
  new SipHeaders().append('Via', '1').append('From', 'f').append('VIA', '2').append('__proto__', 'p');

test('names are compared without regard to case, order is kept', () => {
  const headers = sample().prepend('via', '0');
  expect(headers.getAll('Via')).toEqual(['0', '1', '2']);
  expect(headers.get('FROM')).toBe('f');
  expect([...headers]).toEqual([
    ['via', '0'],
    ['Via', '1'],
    ['From', 'f'],
    ['VIA', '2'],
    ['__proto__', 'p'],
  ]);
});

test('set replaces all fields of a name in place of the first, replaceFirst only that one', () => {
  expect([...sample().set('via', 'x')]).toEqual([
    ['via', 'x'],
    ['From', 'f'],
    ['__proto__', 'p'],
  ]);
  expect([...sample().replaceFirst('via', 'x')].slice(0, 3)).toEqual([
    ['via', 'x'],
    ['From', 'f'],
    ['VIA', '2'],
  ]);
  expect(new SipHeaders().set('A', '1').replaceFirst('B', '2').getAll('b')).toEqual(['2']);
});

test('delete removes every field of a name', () => {
  expect([...sample().delete('via')]).toEqual([
    ['From', 'f'],
    ['__proto__', 'p'],
  ]);
});

test('names that objects have are ordinary', () => {
  expect(sample().get('__proto__')).toBe('p');
  expect(new SipHeaders().get('constructor')).toBeUndefined();
  expect(new SipHeaders().has('toString')).toBe(false);
});

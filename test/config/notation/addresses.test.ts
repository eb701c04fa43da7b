import { describe, expect, test } from 'vitest';
import {
  evenPorts,
  isLoopback,
  isWildcard,
  parseBlock,
  parseHostPort,
  parseListen,
  parsePortRange,
} from '../../../src/config/notation/addresses.js';

describe('host and port', () => {
  test.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:65535', { host: '127.0.0.1', port: 65_535 }],
  ])('%s', (text, value) => {
    expect(parseHostPort(text)).toEqual({ ok: true, value });
  });

  test.each([
    '',
    ':80',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:x',
    '::1:80',
    '[127.0.0.1]:80',
    '[::1]',
    'a:80',
    '[::1%lo]:80',
    '1.2.3.4:80 ',
  ])('not %j', (text) => {
    expect(parseHostPort(text)).toMatchObject({ ok: false, help: expect.stringContaining('ADDRESS:PORT') });
  });
});

test('a listening address has a protocol in any case', () => {
  expect(parseListen('UDP:[::]:5060')).toEqual({ ok: true, value: { protocol: 'udp', host: '::', port: 5060 } });
  expect(parseListen('sctp:0.0.0.0:5060')).toMatchObject({ ok: false });
  expect(parseListen('udp')).toMatchObject({ ok: false });
});

describe('blocks', () => {
  test.each(['192.0.2.7', '10.0.0.0/8', '0.0.0.0/0', 'fc00::/7', '::1', '::ffff:10.0.0.0/104'])('%s', (text) => {
    expect(parseBlock(text)).toEqual({ ok: true, value: text });
  });

  test.each([
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'fe80::1%eth0',
    '::/129',
    'any',
  ])('not %j', (text) => {
    expect(parseBlock(text)).toMatchObject({ ok: false });
  });
});

test('a range of ports', () => {
  expect(parsePortRange('1024-1025')).toEqual({ ok: true, value: { min: 1024, max: 1025 } });
  for (const text of ['1024', '1024-', '1024-1024', '2000-1999', '65534-65536', '1000-2000', '1024 - 2000']) {
    expect(parsePortRange(text)).toMatchObject({ ok: false });
  }
});

test.each([
  [1024, 1025, 1],
  [1024, 1026, 1],
  [1025, 1026, 0],
  [1025, 1027, 1],
  [35_000, 64_999, 15_000],
])('%i-%i holds %i pairs', (min, max, pairs) => {
  expect(evenPorts(min, max)).toBe(pairs);
});

test('loopback is what cannot leave the machine', () => {
  for (const text of [
    '127.0.0.1',
    '127.9.9.9/32',
    '127.0.0.0/8',
    '::1',
    '0:0::1/128',
    '::ffff:127.0.0.1',
    '::FFFF:127.0.0.0/104',
  ]) {
    expect([text, isLoopback(text)]).toEqual([text, true]);
  }
  for (const text of [
    '127.0.0.0/7',
    '10.0.0.1',
    '::1/127',
    '::',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.0/103',
    'localhost',
  ]) {
    expect([text, isLoopback(text)]).toEqual([text, false]);
  }
});

test('a wildcard in any spelling', () => {
  expect(['0.0.0.0', '::', '0::0', '0:0:0:0:0:0:0:0'].map(isWildcard)).toEqual([true, true, true, true]);
  expect(['127.0.0.1', '::1', 'a'].map(isWildcard)).toEqual([false, false, false]);
});

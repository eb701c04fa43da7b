import { expect, test } from 'vitest';
import { toSrfHeaders } from '../../../src/signaling/drachtio/server/srf-headers.js';

test('fields of one name are one list, but for credentials, which have commas of their own', () => {
  const headers = [
    ['Warning', '305 a "x"'],
    ['warning', '399 a "y"'],
    ['Authorization', 'Digest realm="a", nonce="1"'],
    ['Authorization', 'Digest realm="b", nonce="2"'],
  ] as const;
  expect({ ...toSrfHeaders({ headers }) }).toEqual({
    Warning: '305 a "x", 399 a "y"',
    Authorization: 'Digest realm="a", nonce="1"\r\nAuthorization: Digest realm="b", nonce="2"',
  });
});

test('a value ends no line, and what the server would hang up at is not written', () => {
  expect({ ...toSrfHeaders({ headers: [['X-A', 'b\r\nX-C: d']] }) }).toEqual({ 'X-A': 'b X-C: d' });
  expect(toSrfHeaders({ headers: [['X-A', 'b'.repeat(23_990)]] })).toBeDefined();
  expect(toSrfHeaders({ headers: [['X-A', 'b'.repeat(24_000)]] })).toBeUndefined();
});

import { expect, test } from 'vitest';
import { clientAddress } from '../../../src/ops/admin/client-address.js';

test.each<[ip: string, forwarded: string | string[] | undefined, expected: string]>([
  ['127.0.0.1', undefined, '127.0.0.1'],
  ['127.0.0.1', '192.0.2.1', '192.0.2.1'],
  ['::1', '192.0.2.1, 2001:db8::1', '2001:db8::1'],
  ['::ffff:127.0.0.1', '192.0.2.1', '192.0.2.1'],
  ['127.0.0.1', ['192.0.2.1', '192.0.2.2'], '192.0.2.2'],
  ['127.0.0.1', 'Bob, <script>', '127.0.0.1'],
  ['127.0.0.1', '', '127.0.0.1'],
  // Nobody else may say who is asking.
  ['192.0.2.9', '192.0.2.1', '192.0.2.9'],
])('%s that says %j is %s', (ip, forwarded, expected) => {
  expect(clientAddress({ ip, headers: { 'x-forwarded-for': forwarded } })).toBe(expected);
});

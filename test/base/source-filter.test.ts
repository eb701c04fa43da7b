import { expect, test } from 'vitest';
import { createSourceFilter } from '../../src/base/source-filter.js';

test.each([
  [
    ['10.0.0.0/8'],
    ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', '::FFFF:10.1.2.3', '::ffff:a01:203'],
    ['11.0.0.0', '9.255.255.255', '::ffff:b00:1', '::1', ''],
  ],
  [['192.168.1.77/24'], ['192.168.1.1'], ['192.168.2.1']],
  [['192.0.2.1'], ['192.0.2.1'], ['192.0.2.2']],
  [
    ['2001:db8::/32', 'fe80::/10'],
    ['2001:db8::1', '2001:DB8:1::', 'fe80::1%eth0'],
    ['2001:db9::1', '32.1.13.184'],
  ],
  [['::1'], ['::1', '0:0:0:0:0:0:0:1'], ['127.0.0.1', '::2']],
  [['::ffff:10.0.0.0/104'], ['10.1.1.1', '::ffff:10.1.1.1'], ['11.1.1.1']],
  [['0.0.0.0/0'], ['1.2.3.4'], ['2001:db8::1']],
  [['::/0'], ['2001:db8::1'], ['1.2.3.4', '::ffff:1.2.3.4']],
  [[], [], ['127.0.0.1', '::1']],
] as const)('%j', (cidrs, admitted, refused) => {
  const accept = createSourceFilter(cidrs);
  expect(admitted.map((address) => [address, accept(address)])).toEqual(admitted.map((address) => [address, true]));
  expect(refused.map((address) => [address, accept(address)])).toEqual(refused.map((address) => [address, false]));
});

test.each([
  ...[
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.0/8x',
    '10.0.0.0/1e1',
  ],
  ...['::/129', '::1%eth0', '::ffff:10.0.0.0/95', 'fe80::%eth0/10', ' 10.0.0.0/8', '10.0.0.0 /8'],
])('%j is refused by name', (cidr) => {
  expect(() => createSourceFilter(['127.0.0.0/8', cidr])).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining(`"${cidr}"`) }),
  );
});

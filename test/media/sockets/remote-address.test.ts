import { expect, test } from 'vitest';
import { usableRemote } from '../../../src/media/sockets/remote-address.js';

test.each([
  ['192.0.2.1', 4, '192.0.2.1'],
  ['2001:DB8:0:0::1', 6, '2001:db8::1'],
  ['fe80::0001%lo', 6, 'fe80::1%lo'],
] as const)('%s is usable, spelled as dgram spells sources', (address, family, canonical) => {
  expect(usableRemote({ address, port: 4000 }, family)).toEqual({ address: canonical, port: 4000 });
});

test.each([
  ['example.com', 4000, 4],
  ['', 4000, 4],
  ['192.0.2.1', 4000, 6],
  ['2001:db8::1', 4000, 4],
  ['0.0.0.0', 4000, 4],
  ['::', 4000, 6],
  ['0:0:0::0', 4000, 6],
  ['224.0.0.1', 4000, 4],
  ['255.255.255.255', 4000, 4],
  ['FF02::1', 4000, 6],
  ['192.0.2.1', 0, 4],
  ['192.0.2.1', 65_536, 4],
  ['192.0.2.1', -1, 4],
  ['192.0.2.1', 4000.5, 4],
  ['192.0.2.1', Number.NaN, 4],
  ['010.0.0.1', 4000, 4],
] as const)('nothing is ever sent to %s port %d (IPv%d)', (address, port, family) => {
  expect(usableRemote({ address, port }, family)).toBeUndefined();
});

test('an unknown address stays unknown', () => {
  expect(usableRemote(undefined, 4)).toBeUndefined();
});

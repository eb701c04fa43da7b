import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { createLocalAddressFinder, localAddressDefaults } from '../../src/signaling/local-address.js';
import { FakeClock } from '../support/fake-clock.js';
import { hasIpv6 } from './embedded/transport/loopback.js';

test('a concrete address is its own answer', () => {
  expect(createLocalAddressFinder('192.0.2.1', new FakeClock()).find('127.0.0.1')).toBe('192.0.2.1');
  expect(createLocalAddressFinder('fe80::1%eth0', new FakeClock()).find('fe80::2%eth0')).toBe('fe80::1');
});

test('for a wildcard it is the address that packets to the peer really leave from', async () => {
  const finder = createLocalAddressFinder('0.0.0.0', new FakeClock());
  // The peer sees the truth: what it receives from a wildcard socket carries the source the kernel chose.
  const peer = createSocket('udp4');
  await new Promise<void>((resolve) => peer.bind(0, '127.0.0.1', resolve));
  const sender = createSocket('udp4');
  const source = new Promise<string>((resolve) => peer.once('message', (_message, info) => resolve(info.address)));
  sender.send('x', peer.address().port, '127.0.0.1');
  expect(finder.find('127.0.0.1')).toBe(await source);
  peer.close();
  sender.close();
});

test.runIf(hasIpv6)('the same over IPv6', () => {
  expect(createLocalAddressFinder('::', new FakeClock()).find('::1')).toBe('::1');
});

test('it is never a wildcard, not even towards addresses that nobody can send to', () => {
  const finder = createLocalAddressFinder('0.0.0.0', new FakeClock());
  for (const remote of ['255.255.255.255', '0.0.0.0', '224.0.0.1', '240.0.0.1']) {
    expect(finder.find(remote)).not.toBe('0.0.0.0');
  }
});

test('answers are kept for a while and for a bounded number of peers', () => {
  const clock = new FakeClock();
  const asked: string[] = [];
  const finder = createLocalAddressFinder('0.0.0.0', clock, (remote) => {
    asked.push(remote);
    return '192.0.2.1';
  });
  finder.find('10.0.0.1');
  finder.find('10.0.0.1');
  expect(asked).toHaveLength(1);
  clock.advance(localAddressDefaults.cacheMs);
  finder.find('10.0.0.1');
  expect(asked).toHaveLength(2);
  for (let index = 0; index < localAddressDefaults.cacheEntries; index += 1)
    finder.find(`10.1.${index >> 8}.${index & 255}`);
  asked.length = 0;
  finder.find('10.1.3.255');
  finder.find('10.0.0.1');
  expect(asked).toEqual(['10.0.0.1']);
});

test('a call one second after the machine has another address is answered with that one', () => {
  const clock = new FakeClock();
  let address = '192.0.2.1';
  const finder = createLocalAddressFinder('0.0.0.0', clock, () => address);
  finder.find('10.0.0.1');
  address = '192.0.2.7';
  clock.advance(1_000);
  expect(finder.find('10.0.0.1')).toBe('192.0.2.7');
});

test('where the kernel has no answer an interface address stands in', () => {
  const finder = createLocalAddressFinder('0.0.0.0', new FakeClock(), () => undefined);
  expect(finder.find('127.0.0.1')).toBe('127.0.0.1');
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
  expect([...own, '127.0.0.1']).toContain(finder.find('203.0.113.1'));
});

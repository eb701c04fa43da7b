import { describe, expect, test } from 'vitest';
import { AddressGuard } from '../../src/http/address-guard.js';

describe('without exceptions', () => {
  const guard = new AddressGuard([]);

  test.each(['8.8.8.8', '1.1.1.1', '172.15.255.255', '172.32.0.0', '100.63.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'the public address %s may be asked',
    (address) => expect(guard.permits(address)).toBe(true),
  );

  test.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['link-local, cloud metadata', '169.254.169.254'],
    ['shared by carriers', '100.64.0.1'],
    ['protocol assignments', '192.0.0.8'],
    ['benchmarks', '198.19.0.1'],
    ['documentation', '203.0.113.9'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback in another spelling', '0:0:0:0:0:0:0:1'],
    ['unique local', 'fd00::1'],
    ['unique local, cloud metadata', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with zone', 'fe80::1%eth0'],
    ['multicast', 'ff02::1'],
    ['site-local', 'fec0::1'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped metadata in hexadecimal', '::ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['NAT64 of a private address', '64:ff9b::10.0.0.1'],
    ['NAT64 of the metadata address', '64:ff9b::a9fe:a9fe'],
    ['local-use NAT64', '64:ff9b:1::1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:1::1'],
    ['documentation', '2001:db8::1'],
    ['not an address', 'localhost'],
    ['not an address', ''],
  ])('%s: %s may not be asked', (_what, address) => expect(guard.permits(address)).toBe(false));

  test('a public address behind NAT64, or IPv4-mapped, may be asked', () => {
    expect(guard.permits('64:ff9b::808:808')).toBe(true);
    expect(guard.permits('::ffff:8.8.8.8')).toBe(true);
  });
});

describe('with exceptions', () => {
  const guard = new AddressGuard(['127.0.0.0/8', '10.1.0.0/16', 'fd00:1::/32', '192.168.7.7', '::/0']);

  test('listed blocks and addresses may be asked, their neighbours may not', () => {
    expect(guard.permits('127.0.0.1')).toBe(true);
    expect(guard.permits('10.1.2.3')).toBe(true);
    expect(guard.permits('10.2.2.3')).toBe(false);
    expect(guard.permits('192.168.7.7')).toBe(true);
    expect(guard.permits('192.168.7.8')).toBe(false);
  });

  test('an allowed IPv4 address is the same in its IPv4-mapped form', () => {
    expect(new AddressGuard(['127.0.0.0/8']).permits('::ffff:127.0.0.1')).toBe(true);
  });

  test('::/0 opens IPv6 alone', () => {
    expect(guard.permits('fd00:2::1')).toBe(true);
    expect(guard.permits('192.168.0.1')).toBe(false);
  });
});

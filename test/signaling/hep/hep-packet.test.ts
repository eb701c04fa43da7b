import { expect, test } from 'vitest';
import { type CapturedMessage, hepPacket } from '../../../src/signaling/hep/hep-packet.js';
import { chunksOf } from './hep-reader.js';

const captured = (parts: Partial<CapturedMessage> = {}): CapturedMessage => ({
  source: { address: '192.0.2.1', port: 5060 },
  destination: { address: '198.51.100.2', port: 5070 },
  transport: 'udp',
  message: Buffer.from('OPTIONS sip:a SIP/2.0\r\n\r\n'),
  wallTimeMs: 1_700_000_000_123.5,
  ...parts,
});

test('a packet byte by byte', () => {
  const packet = hepPacket(captured({ message: Buffer.from('hello') }), { id: 2001, password: 'pw' });
  expect(packet?.toString('hex')).toBe(
    [
      '48455033 0070', // HEP3, 112 bytes
      '0000 0001 0007 02', // IPv4
      '0000 0002 0007 11', // UDP
      '0000 0003 000a c0000201',
      '0000 0004 000a c6336402',
      '0000 0007 0008 13c4',
      '0000 0008 0008 13ce',
      '0000 0009 000a 6553f100', // 1,700,000,000 s
      '0000 000a 000a 0001e26c', // 123,500 us
      '0000 000b 0007 01', // SIP
      '0000 000c 000a 000007d1',
      '0000 000e 0008 7077',
      '0000 000f 000b 68656c6c6f',
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

test('IPv6, TCP, no password', () => {
  const [source, destination] = [
    { address: 'fe80::1%eth0', port: 1 },
    { address: '2001:db8::2', port: 65_535 },
  ];
  const chunks = chunksOf(hepPacket(captured({ source, destination, transport: 'tcp' }), { id: 0 }));
  expect([...chunks.keys()]).toEqual([1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 15]);
  expect([chunks.get(1)?.[0], chunks.get(2)?.[0]]).toEqual([10, 6]);
  expect(chunks.get(5)?.toString('hex')).toBe('fe800000000000000000000000000001');
  expect(chunks.get(6)?.toString('hex')).toBe('20010db8000000000000000000000002');
});

test('an IPv4-mapped address is one of IPv4', () => {
  const chunks = chunksOf(hepPacket(captured({ source: { address: '::ffff:192.0.2.9', port: 5 } }), { id: 1 }));
  expect(chunks.get(3)?.toString('hex')).toBe('c0000209');
});

test('what is too long for a packet is none', () => {
  expect(hepPacket(captured({ message: Buffer.alloc(65_400) }), { id: 1 })).toBeDefined();
  expect(hepPacket(captured({ message: Buffer.alloc(65_500) }), { id: 1 })).toBeUndefined();
});

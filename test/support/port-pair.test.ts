import { expect, test } from 'vitest';
import { bind, closeSocket, ownLoopback } from './port-pair.js';
import { RtpPeer } from './rtp-peer.js';
import { UdpPhone } from './udp-phone.js';

const PHONES = 20;

test('RTCP that is meant for a phone of a test comes to no other: each holds an even port and the one above', async () => {
  const phones = await Promise.all(Array.from({ length: PHONES }, () => UdpPhone.open()));
  const peers = await Promise.all(Array.from({ length: PHONES }, () => RtpPeer.open()));
  const held = [...phones.map((phone) => phone.remote), ...peers.map(({ port }) => ({ address: '127.0.0.1', port }))];
  for (const { address, port } of held) {
    expect(port % 2).toBe(0);
    await expect(bind(address, port + 1)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  }
  for (const end of [...phones, ...peers]) await end[Symbol.asyncDispose]();
  for (const { address, port } of held) await closeSocket(await bind(address, port + 1));
});

test('phones of a test have an address of their process', async () => {
  await using phone = await UdpPhone.open();
  expect(phone.remote.address).toBe(ownLoopback);
  if (process.platform === 'linux') expect(ownLoopback).not.toBe('127.0.0.1');
});

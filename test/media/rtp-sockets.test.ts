import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import type { DatagramListener } from '../../src/media/datagram-transport.js';
import type { RemoteAddress } from '../../src/media/remote-address.js';
import { RtpSockets } from '../../src/media/rtp-sockets.js';
import { rtpBytes } from '../support/rtp-bytes.js';
import { UdpPhone } from '../support/udp-phone.js';

const bindFree = async (listener: DatagramListener): Promise<RtpSockets> => {
  let sockets: RtpSockets | undefined;
  for (let port = 18_000; sockets === undefined; port += 2) {
    sockets = await RtpSockets.bind('127.0.0.1', 4, port, listener, createSystemClock()).catch(() => undefined);
  }
  return sockets;
};

test('a packet is on its way when send returns: its buffer may be used again at once', async () => {
  await using phone = await UdpPhone.open();
  const sockets = await bindFree({ onRtp: () => {}, onRtcp: () => {}, onError: () => {} });
  const packet = rtpBytes({ payload: Buffer.alloc(20) });
  for (let index = 0; index < 20; index += 1) {
    packet.fill(index, 12);
    sockets.send(packet, phone.remote);
  }
  await phone.hear(20);
  await sockets.close();
  expect(phone.heard.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test('a packet that the system will not send is one packet, and the next one leaves', async () => {
  await using phone = await UdpPhone.open();
  const sockets = await bindFree({ onRtp: () => {}, onRtcp: () => {}, onError: () => {} });
  // From a loopback address there is no way to anywhere else: EINVAL.
  sockets.send(rtpBytes({ payload: Buffer.alloc(20) }), { address: '203.0.113.7', port: 4_000 });
  await sleep(20);
  sockets.send(rtpBytes({ payload: Buffer.alloc(20, 7) }), phone.remote);
  await phone.hear(1);
  await sockets.close();
  expect(phone.heard.map(({ payload }) => payload[0])).toEqual([7]);
});

test('each port hears its own packets until both are closed', async () => {
  await using phone = await UdpPhone.open();
  const heard: string[] = [];
  const listener = {
    onRtp: (bytes: Uint8Array) => heard.push(`rtp ${bytes[0]}`),
    onRtcp: (bytes: Uint8Array) => heard.push(`rtcp ${bytes[0]}`),
    onError: () => heard.push('error'),
  };
  const sockets = await bindFree(listener);
  const { local } = sockets;
  phone.sendBytes(Buffer.from([1]), local);
  phone.sendBytes(Buffer.from([2]), { ...local, port: local.port + 1 });
  while (heard.length < 2) await sleep(5);
  await sockets.close();
  await sockets.close();
  phone.sendBytes(Buffer.from([3]), local);
  await sleep(20);
  expect(heard.toSorted()).toEqual(['rtcp 2', 'rtp 1']);
});

test('packets of one source come with one object, which another source does not change', async () => {
  await using phone = await UdpPhone.open();
  await using other = await UdpPhone.open();
  const heard: RemoteAddress[] = [];
  const sockets = await bindFree({ onRtp: (_, from) => heard.push(from), onRtcp: () => {}, onError: () => {} });
  for (const sender of [phone, phone, other, phone]) {
    const before = heard.length;
    sender.sendBytes(Buffer.from([1]), sockets.local);
    while (heard.length === before) await sleep(2);
  }
  await sockets.close();
  expect(heard[1]).toBe(heard[0]);
  expect(heard).toEqual([phone.remote, phone.remote, other.remote, phone.remote]);
});

test('RTCP leaves from the odd port', async () => {
  const sources: number[] = [];
  const sockets = await bindFree({ onRtp: () => {}, onRtcp: () => {}, onError: () => {} });
  const peer = createSocket('udp4', (_, from) => sources.push(from.port));
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  sockets.sendRtcp(Buffer.from('80c9000100000007', 'hex'), { address: '127.0.0.1', port: peer.address().port });
  while (sources.length === 0) await sleep(2);
  peer.close();
  await sockets.close();
  expect(sources).toEqual([sockets.local.port + 1]);
});

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { loadDatagrams } from '../../../src/media/native/datagrams.js';
import { NativeTransport } from '../../../src/media/native/native-transport.js';
import type {
  DatagramListener,
  DatagramPair,
  DatagramTransport,
} from '../../../src/media/sockets/datagram-transport.js';
import type { RemoteAddress } from '../../../src/media/sockets/remote-address.js';
import { RtpSocketsTransport } from '../../../src/media/sockets/rtp-sockets.js';
import { nativeAddon } from '../../support/native-addon.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { UdpPhone } from '../../support/udp-phone.js';

/** A transport that is served, as a media thread would: every few milliseconds what was sent leaves and what came is heard. */
interface Served extends Disposable {
  readonly transport: DatagramTransport;
}

function node(): Served {
  return { transport: new RtpSocketsTransport(createSystemClock()), [Symbol.dispose]: () => {} };
}

function native(): Served {
  const datagrams = loadDatagrams(nativeAddon());
  const transport = new NativeTransport(datagrams, createSystemClock());
  const serving = setInterval(() => {
    transport.flush();
    transport.read();
  }, 2);
  return {
    transport,
    [Symbol.dispose]: () => {
      clearInterval(serving);
      datagrams.dispose();
    },
  };
}

const bindFree = async ({ transport }: Served, listener: DatagramListener): Promise<DatagramPair> => {
  let sockets: DatagramPair | undefined;
  for (let port = 18_000; sockets === undefined; port += 2) {
    sockets = await transport.bind('127.0.0.1', 4, port, listener).catch(() => undefined);
  }
  return sockets;
};

describe.each([
  ['Node’s sockets', node],
  ['the add-on’s', native],
])('%s', (_, serve) => {
  test('a packet is on its way when send returns: its buffer may be used again at once', async () => {
    using served = serve();
    await using phone = await UdpPhone.open();
    const sockets = await bindFree(served, { onRtp: () => {}, onRtcp: () => {}, onError: () => {} });
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
    using served = serve();
    await using phone = await UdpPhone.open();
    const sockets = await bindFree(served, { onRtp: () => {}, onRtcp: () => {}, onError: () => {} });
    // From a loopback address there is no way to anywhere else: EINVAL.
    sockets.send(rtpBytes({ payload: Buffer.alloc(20) }), { address: '203.0.113.7', port: 4_000 });
    await sleep(20);
    sockets.send(rtpBytes({ payload: Buffer.alloc(20, 7) }), phone.remote);
    await phone.hear(1);
    await sockets.close();
    expect(phone.heard.map(({ payload }) => payload[0])).toEqual([7]);
  });

  test('each port hears its own packets until both are closed', async () => {
    using served = serve();
    await using phone = await UdpPhone.open();
    const heard: string[] = [];
    const listener = {
      onRtp: (bytes: Uint8Array) => heard.push(`rtp ${bytes[0]}`),
      onRtcp: (bytes: Uint8Array) => heard.push(`rtcp ${bytes[0]}`),
      onError: () => heard.push('error'),
    };
    const sockets = await bindFree(served, listener);
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
    using served = serve();
    await using phone = await UdpPhone.open();
    await using other = await UdpPhone.open();
    const heard: RemoteAddress[] = [];
    const sockets = await bindFree(served, {
      onRtp: (_, from) => heard.push(from),
      onRtcp: () => {},
      onError: () => {},
    });
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
    using served = serve();
    const sources: number[] = [];
    const sockets = await bindFree(served, { onRtp: () => {}, onRtcp: () => {}, onError: () => {} });
    const peer = createSocket('udp4', (_, from) => sources.push(from.port));
    peer.bind(0, '127.0.0.1');
    await once(peer, 'listening');
    sockets.sendRtcp(Buffer.from('80c9000100000007', 'hex'), { address: '127.0.0.1', port: peer.address().port });
    while (sources.length === 0) await sleep(2);
    peer.close();
    await sockets.close();
    expect(sources).toEqual([sockets.local.port + 1]);
  });

  test('a port that is taken is refused with the system’s error, and nothing is left bound', async () => {
    using served = serve();
    const listener = { onRtp: () => {}, onRtcp: () => {}, onError: () => {} };
    const first = await bindFree(served, listener);
    const { port } = first.local;
    await expect(served.transport.bind('127.0.0.1', 4, port, listener)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(served.transport.bind('127.0.0.1', 4, port - 1, listener)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await first.close();
    const again = await served.transport.bind('127.0.0.1', 4, port, listener);
    await again.close();
  });
});

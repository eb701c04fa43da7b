import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { writeRtpHeader } from '../../src/media/rtp/rtp-packet.js';
import type { DatagramListener, DatagramPair, DatagramTransport } from '../../src/media/sockets/datagram-transport.js';
import type { RemoteAddress } from '../../src/media/sockets/remote-address.js';
import { StreamHost } from '../../src/media/stream-host.js';
import { FRAME_SLOTS } from '../../src/media/wheel/pacing-wheel.js';
import { SimulatedTime } from '../../src/media/wheel/simulated-time.js';
import { SeededRandom } from '../support/seeded-random.js';

const phone: RemoteAddress = { address: '127.0.0.1', port: 9 };
const STREAMS = 30;
/** What other tests have left behind in this process may go meanwhile: most of the rounds see nothing of it. */
const ROUNDS = 3;
/** Frames of 20 ms that each of them hears and says. */
const FRAMES = 30;
/** Where packets are received, as many as may come at once. */
const bytes = new Uint8Array(65_536);

/** As the add-on's, without sockets: packets lie in large memory, and are copied before `send` returns. */
class NoNetwork implements DatagramTransport {
  readonly copies = true;
  readonly listeners: DatagramListener[] = [];

  async bind(_address: string, _family: 4 | 6, _port: number, listener: DatagramListener): Promise<DatagramPair> {
    this.listeners.push(listener);
    return { local: phone, send: () => {}, sendRtcp: () => {}, close: async () => {} };
  }

  flush(): void {}
}

/** Opens streams that echo mu-law, as a media thread has them, and lets them do so for a while. */
async function talk(host: StreamHost, time: SimulatedTime, { listeners }: NoNetwork, streams: number): Promise<void> {
  for (let opened = 0; opened < streams; opened += 1) {
    const stream = await host.open(
      { address: phone.address, family: 4, port: 0 },
      {
        listener: { onFrame: ({ data }) => stream.play('echo', data), onEvent: () => {} },
        tap: undefined,
        onClosed: () => {},
      },
    );
    stream.connect({
      codec: { name: 'pcmu', payloadType: 0 },
      dtmfPayloadType: 101,
      remote: phone,
      direction: 'sendrecv',
      ptimeMs: 20,
    });
  }
  for (let frame = 0; frame < FRAMES; frame += 1) {
    for (const [index, listener] of listeners.entries()) {
      writeRtpHeader(bytes, false, 0, frame, frame * 160, index);
      bytes.fill(0xf0 + (frame % 8), 12, 172);
      listener.onRtp(bytes, phone, time.now(), 0, 172);
    }
    for (let slot = 0; slot < FRAME_SLOTS; slot += 1) time.pass();
  }
}

/** What others have left is none of it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}

test('what a stream keeps outside of the heap is some 9 kB', async () => {
  const time = new SimulatedTime();
  const network = new NoNetwork();
  const host = new StreamHost(
    { jitter: { minMs: 20, maxMs: 120 }, latching: { nat: false, strict: false }, rtpTimeoutMs: 0 },
    { clock: time, random: new SeededRandom(1), transport: network, timer: time, framesAreCopied: true },
  );
  // What all of them share.
  await talk(host, time, network, 2);
  const sizes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    collectGarbage();
    const before = memoryUsage().arrayBuffers;
    await talk(host, time, network, STREAMS);
    collectGarbage();
    sizes.push((memoryUsage().arrayBuffers - before) / STREAMS);
  }
  const [, stream = 0] = sizes.sort((one, other) => one - other);
  expect(stream).toBeGreaterThan(5_000);
  expect(stream).toBeLessThan(9_800);
  host.close();
});

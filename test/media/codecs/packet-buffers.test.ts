import { expect, test } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { ownPacketBuffers, SharedPacketBuffers } from '../../../src/media/codecs/packet-buffers.js';
import { phoneCodings } from '../../../src/media/codecs/phone-codec.js';
import type { DatagramTransport } from '../../../src/media/sockets/datagram-transport.js';
import { RtpSocketsTransport } from '../../../src/media/sockets/rtp-sockets.js';
import { StreamCodecs } from '../../../src/media/stream/stream-codecs.js';

const PCMU = { name: 'pcmu', payloadType: 0 } as const;

/** The buffers that two streams make a packet each in, in turn. */
const buffersOf = (codecs: StreamCodecs, ptimeMs: readonly [number, number]) => {
  const writers = ptimeMs.map((ms) => codecs.writerFor(PCMU, ms, undefined));
  return writers.map((writer) => writer.finish(writer.next()));
};

test('streams share the buffer of a size, and of another size have another', () => {
  const codecs = new StreamCodecs(undefined, new SharedPacketBuffers());
  const [first, second] = buffersOf(codecs, [20, 20]);
  expect(second).toBe(first);
  const [short, long] = buffersOf(codecs, [20, 30]);
  expect(long).not.toBe(short);
  expect([short?.length, long?.length]).toEqual([172, 252]);
});

test('a codec with an encoder does not get the buffer of one without', () => {
  const shared = new SharedPacketBuffers();
  const plain = shared.take(160)[0];
  const encoded = shared.take(160, 320)[0];
  expect(plain?.frame).toBe(plain?.payload);
  expect(encoded?.frame.length).toBe(320);
  expect(shared.take(160)[0]).toBe(plain);
});

test('over sockets in which a packet may wait, no stream makes packets in the buffer of another', () => {
  const transport: DatagramTransport = new RtpSocketsTransport(createSystemClock());
  expect(transport.copies).not.toBe(true);
  const [first, second] = buffersOf(new StreamCodecs(), [20, 20]);
  expect(second).not.toBe(first);
  expect(ownPacketBuffers.take(160)).toHaveLength(4);
  const writer = new StreamCodecs().writerFor(PCMU, 20, undefined);
  expect(writer.coding).toBe(phoneCodings.pcmu);
  expect(new Set(Array.from({ length: 8 }, () => writer.next())).size).toBe(4);
});

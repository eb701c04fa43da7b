import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chunksOf } from './hep-reader.js';

/** A capture server on loopback, and what it has been sent. */
export async function captureServer() {
  const socket = createSocket('udp4');
  const captured: {
    readonly message: string;
    readonly from: number;
    readonly to: number;
    readonly protocol: number;
  }[] = [];
  socket.on('message', (packet) => {
    const chunks = chunksOf(packet);
    captured.push({
      message: chunks.get(15)?.toString() ?? '',
      from: chunks.get(7)?.readUInt16BE(0) ?? 0,
      to: chunks.get(8)?.readUInt16BE(0) ?? 0,
      protocol: chunks.get(2)?.[0] ?? 0,
    });
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    to: { address: '127.0.0.1', port: socket.address().port },
    captured,
    [Symbol.dispose]: () => void socket.close(),
  };
}

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** An even port, and the odd one above (RFC 3550 section 11). */
export interface PortPair {
  readonly rtp: Socket;
  readonly rtcp: Socket;
}

/**
 * An address of this machine that this process alone uses, where a machine has more than one (Linux has all of 127.0.0.0/8):
 * what a test in another process still sends to a port that its phone has given up does not come here.
 */
export const ownLoopback =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}`
    : '127.0.0.1';

/**
 * Binds a pair of free ports of `address`, an IP literal, as a phone does. With RTP's alone the port above may be another
 * phone's, which would take the RTCP of this one for RTP: of twenty phones two are neighbours in one run of a hundred.
 */
export async function bindPortPair(address: string): Promise<PortPair> {
  for (;;) {
    const rtp = await bind(address, 0);
    const { port } = rtp.address();
    const rtcp = port % 2 === 0 ? await bind(address, port + 1).catch(() => undefined) : undefined;
    if (rtcp !== undefined) return { rtp, rtcp };
    await closeSocket(rtp);
  }
}

export async function closeSocket(socket: Socket): Promise<void> {
  socket.close();
  await once(socket, 'close');
}

/** Rejects with the system's error. */
export async function bind(address: string, port: number): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, address);
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    await closeSocket(socket);
    throw error;
  }
}

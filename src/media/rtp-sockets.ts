import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { RemoteAddress } from './remote-address.js';

/** Hears what arrives. Called for each packet: `bytes` are the packet's own and may be kept. */
export interface RtpSocketsListener {
  onRtp(bytes: Buffer, from: RemoteInfo): void;
  onRtcp(bytes: Buffer, from: RemoteInfo): void;
  onError(error: Error): void;
}

/**
 * The sockets of one call: RTP on an even port, RTCP on the odd one above.
 *
 * They are never connected in the kernel. That would drop strangers' packets earlier, but also the caller's own from
 * another port (latching) or to another of our addresses (a multi-homed host), uncounted; and bring a peer's ICMP
 * errors, normal while it sets up, as socket errors. What makes `send` with an address unsafe in Node is its default
 * DNS lookup, which even for a literal sends on a later turn, when the buffer may hold the next packet; the lookup
 * given here is synchronous, so that the bytes are in the kernel when `send` returns (measured: no dearer than connected).
 */
export class RtpSockets {
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #closed: Promise<void> | undefined;

  private constructor(rtp: Socket, rtcp: Socket, listener: RtpSocketsListener) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    rtp.on('message', (bytes, from) => listener.onRtp(bytes, from));
    rtcp.on('message', (bytes, from) => listener.onRtcp(bytes, from));
    rtp.on('error', (error) => listener.onError(error));
    rtcp.on('error', (error) => listener.onError(error));
  }

  /** Binds `port` and `port + 1` of `address`, an IP literal. Rejects with the system's error. */
  static async bind(address: string, family: 4 | 6, port: number, listener: RtpSocketsListener): Promise<RtpSockets> {
    const rtp = await bind(address, family, port);
    try {
      return new RtpSockets(rtp, await bind(address, family, port + 1), listener);
    } catch (error) {
      await close(rtp);
      throw error;
    }
  }

  /** Address and port RTP is bound to. */
  get local(): RemoteAddress {
    const { address, port } = this.#rtp.address();
    return { address, port };
  }

  /** Sends one RTP packet. The system's refusal (no route, full buffer) is a lost packet. `to` must be usable. */
  send(packet: Uint8Array, to: RemoteAddress): void {
    this.#rtp.send(packet, to.port, to.address);
  }

  /** Closes both; resolves when the ports are free. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= Promise.all([close(this.#rtp), close(this.#rtcp)]).then(() => undefined);
    return this.#closed;
  }
}

function bind(address: string, family: 4 | 6, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      lookup: (hostname, _options, callback) => callback(null, hostname, family),
    });
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.removeAllListeners('message');
    socket.close(() => resolve());
  });
}

import type { Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRtp, RtpPacket } from '../../src/media/rtp/rtp-packet.js';
import { bind, bindPortPair, closeSocket, ownLoopback } from './port-pair.js';
import { rtpBytes } from './rtp-bytes.js';

export interface HeardPacket {
  readonly header: RtpPacket;
  readonly payload: Buffer;
  /** `performance.now()` at its arrival. */
  readonly atMs: number;
}

/** A UDP socket that hears RTP and sends whatever it is told to, wherever it is told to; the port above is its own, too. */
export class UdpPhone implements AsyncDisposable {
  readonly heard: HeardPacket[] = [];
  readonly #socket: Socket;
  readonly #rtcp: Socket | undefined;
  #sequence = 5_000;
  #timestamp = 80_000;

  private constructor(socket: Socket, rtcp?: Socket) {
    this.#socket = socket;
    this.#rtcp = rtcp;
    socket.on('message', (bytes) => {
      const header = new RtpPacket();
      if (parseRtp(bytes, header) !== undefined) return;
      this.heard.push({ header, payload: bytes.subarray(header.payloadOffset), atMs: performance.now() });
    });
  }

  /** With `port`, that one alone is bound. */
  static async open(address = ownLoopback, port?: number): Promise<UdpPhone> {
    if (port !== undefined) return new UdpPhone(await bind(address, port));
    const { rtp, rtcp } = await bindPortPair(address);
    return new UdpPhone(rtp, rtcp);
  }

  get remote(): { readonly address: string; readonly port: number } {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  sendBytes(bytes: Uint8Array, to: { readonly address: string; readonly port: number }): void {
    this.#socket.send(bytes, to.port, to.address);
  }

  /** Sends one packet of 20 ms per payload, one every `everyMs`. */
  async talk(
    payloads: readonly Uint8Array[],
    to: { readonly address: string; readonly port: number },
    options: { everyMs?: number; ssrc?: number; payloadType?: number } = {},
  ): Promise<void> {
    const startMs = performance.now();
    const everyMs = options.everyMs ?? 20;
    for (const [index, payload] of payloads.entries()) {
      const { ssrc = 77, payloadType = 0 } = options;
      this.sendBytes(
        rtpBytes({ sequence: this.#sequence, timestamp: this.#timestamp, ssrc, payloadType, payload }),
        to,
      );
      this.#sequence += 1;
      this.#timestamp += 160;
      const waitMs = startMs + (index + 1) * everyMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
    }
  }

  /** Resolves when `count` packets in all were heard; throws after `limitMs`. */
  async hear(count: number, limitMs = 30_000): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (this.heard.length < count) {
      if (performance.now() > deadlineMs) throw new Error(`${this.heard.length} of ${count} packets were heard`);
      await sleep(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeSocket(this.#socket);
    if (this.#rtcp !== undefined) await closeSocket(this.#rtcp);
  }
}

import type { Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindPortPair, closeSocket, type PortPair } from './port-pair.js';

/** One RTP packet as it came (RFC 3550 section 5.1). */
export interface ReceivedPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
  /** `performance.now()` at its arrival. */
  readonly atMs: number;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const HEADER_BYTES = 12;
const PACKET_MS = 20;
const PACKET_SAMPLES = 160;
const DIGITS = '0123456789*#ABCD';

/** Event packets of one key press (RFC 4733 section 2.5.1): updates while it is held, then the end three times. */
const DIGIT_UPDATES = 5;
const DIGIT_ENDS = 3;

/**
 * The media side of a test's SIP peer: one UDP socket that keeps every packet it hears and answers to where they come
 * from; the port above is its own, too. Knows nothing of SIP: the test puts {@link port} into the SDP.
 */
export class RtpPeer implements AsyncDisposable {
  readonly received: ReceivedPacket[] = [];
  readonly #socket: Socket;
  readonly #rtcp: Socket;
  #remote: Endpoint | undefined;
  #sequence = 1_000;
  #timestamp = 5_000;
  #firstPacket = true;

  private constructor({ rtp, rtcp }: PortPair) {
    this.#socket = rtp;
    this.#rtcp = rtcp;
    rtp.on('message', (message, from) => {
      if (message.length < HEADER_BYTES || message.readUInt8(0) >> 6 !== 2) return;
      this.#remote ??= { address: from.address, port: from.port };
      this.received.push({
        payloadType: message.readUInt8(1) & 0x7f,
        marker: message.readUInt8(1) > 0x7f,
        sequence: message.readUInt16BE(2),
        timestamp: message.readUInt32BE(4),
        ssrc: message.readUInt32BE(8),
        payload: Buffer.from(message.subarray(HEADER_BYTES)),
        atMs: performance.now(),
      });
    });
  }

  /** Binds ephemeral ports of `address`, an IP literal. */
  static async open(address = '127.0.0.1'): Promise<RtpPeer> {
    return new RtpPeer(await bindPortPair(address));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Resolves when `count` packets in all have come; throws after `limitMs`. */
  async waitForPackets(count: number, limitMs = 30_000): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (this.received.length < count) {
      if (performance.now() > deadlineMs) throw new Error(`${this.received.length} of ${count} RTP packets came`);
      await sleep(5);
    }
  }

  /** Silences between two packets longer than `longerThanMs`, in the order they happened, ms. */
  gaps(longerThanMs: number): readonly number[] {
    return this.received
      .slice(1)
      .map((packet, index) => packet.atMs - (this.received[index]?.atMs ?? packet.atMs))
      .filter((gapMs) => gapMs > longerThanMs);
  }

  /**
   * Sends `payloads`, one packet every 20 ms, to where packets have come from.
   *
   * @param payloadType static type of RFC 3551: 0 for PCMU, 8 for PCMA.
   */
  async sendAudio(payloads: readonly Uint8Array[], payloadType = 0): Promise<void> {
    await this.waitForPackets(1);
    const startMs = performance.now();
    for (const [index, payload] of payloads.entries()) {
      this.#send(payloadType, payload, this.#firstPacket);
      this.#timestamp = (this.#timestamp + PACKET_SAMPLES) >>> 0;
      await sleep(Math.max(0, startMs + (index + 1) * PACKET_MS - performance.now()));
    }
  }

  /**
   * Presses one key as RFC 4733 has it.
   *
   * @param lost numbers of the packets (0 to 7) that do not arrive.
   * @param repeat how often each packet arrives.
   */
  async sendDigit(digit: string, payloadType: number, lost: readonly number[] = [], repeat = 1): Promise<void> {
    await this.waitForPackets(1);
    const event = DIGITS.indexOf(digit);
    const startMs = performance.now();
    for (let index = 0; index < DIGIT_UPDATES + DIGIT_ENDS; index += 1) {
      const ended = index >= DIGIT_UPDATES;
      const duration = Math.min(index + 1, DIGIT_UPDATES) * PACKET_SAMPLES;
      const payload = Buffer.from([event, (ended ? 0x80 : 0) | 10, duration >> 8, duration & 0xff]);
      if (lost.includes(index)) this.#sequence = (this.#sequence + 1) & 0xffff;
      else this.#send(payloadType, payload, index === 0, repeat);
      await sleep(Math.max(0, startMs + (index + 1) * PACKET_MS - performance.now()));
    }
    this.#timestamp = (this.#timestamp + (DIGIT_UPDATES + DIGIT_ENDS) * PACKET_SAMPLES) >>> 0;
  }

  #send(payloadType: number, payload: Uint8Array, marker: boolean, repeat = 1): void {
    const remote = this.#remote;
    if (!remote) return;
    const packet = Buffer.alloc(HEADER_BYTES + payload.length);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8((marker ? 0x80 : 0) | payloadType, 1);
    packet.writeUInt16BE(this.#sequence, 2);
    packet.writeUInt32BE(this.#timestamp, 4);
    packet.writeUInt32BE(0x5eed5eed, 8);
    packet.set(payload, HEADER_BYTES);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#firstPacket = false;
    for (let copy = 0; copy < repeat; copy += 1) this.#socket.send(packet, remote.port, remote.address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeSocket(this.#socket);
    await closeSocket(this.#rtcp);
  }
}

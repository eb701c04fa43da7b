import type { Duplex } from 'node:stream';
import type { Clock, TimerHandle } from '../../../src/base/clock.js';

const BYTE_EVERY_MS = 1000;
const TEXT_FRAME = 0x81;
const MEDIUM_LENGTH = 126;
const LONG_LENGTH = 127;

/** Sends WebSocket text frames (RFC 6455 section 5.2, unmasked) over a socket, one byte a second. */
export class Trickle {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  #pending = Buffer.alloc(0);
  #timer: TimerHandle | undefined;

  constructor(socket: Duplex, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  send(text: string): void {
    this.#pending = Buffer.concat([this.#pending, textFrame(Buffer.from(text))]);
    if (this.#timer === undefined) this.#drip();
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#pending = Buffer.alloc(0);
  }

  #drip(): void {
    this.#timer = undefined;
    if (this.#pending.length === 0 || this.#socket.destroyed) return;
    this.#socket.write(this.#pending.subarray(0, 1));
    this.#pending = this.#pending.subarray(1);
    this.#timer = this.#clock.setTimeout(() => this.#drip(), BYTE_EVERY_MS);
  }
}

function textFrame(payload: Buffer): Buffer {
  const { length } = payload;
  if (length < MEDIUM_LENGTH) return Buffer.concat([Buffer.of(TEXT_FRAME, length), payload]);
  if (length < 65_536) {
    const header = Buffer.of(TEXT_FRAME, MEDIUM_LENGTH, 0, 0);
    header.writeUInt16BE(length, 2);
    return Buffer.concat([header, payload]);
  }
  const header = Buffer.alloc(10);
  header.writeUInt8(TEXT_FRAME, 0);
  header.writeUInt8(LONG_LENGTH, 1);
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

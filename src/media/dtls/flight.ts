import type { HandshakeFragment, HandshakeMessage } from './handshake-message.js';

/** Until a flight is sent again; RFC 6347 section 4.2.4.1 has 1 s, those who make calls want to talk sooner. */
const FIRST_TIMEOUT_MS = 200;
const MAX_TIMEOUT_MS = 3_200;
/** Between two of a flight that repetitions of the peer's ask for. */
const MIN_GAP_MS = 100;
/** How often repetitions of the peer's are answered. */
const MAX_ANSWERS = 10;

/** A handshake message under an epoch, or a ChangeCipherSpec, which is none. */
export type FlightPart = { readonly epoch: 0 | 1; readonly message: HandshakeMessage } | 'change-cipher-spec';

/** Which message of the peer's a flight answers: its last one before. */
export interface AnsweredMessage {
  readonly epoch: number;
  readonly sequence: number;
  readonly bytes: number;
}

/** What we sent last, and when it has to be sent again (RFC 6347 section 4.2.4). */
export class Flight {
  readonly parts: readonly FlightPart[];
  readonly #answers: AnsweredMessage;
  #sentAtMs: number;
  #timeoutMs = FIRST_TIMEOUT_MS;
  #dueAtMs: number;
  #repeatedBytes = 0;
  #answered = 0;

  constructor(parts: readonly FlightPart[], answers: AnsweredMessage, nowMs: number) {
    this.parts = parts;
    this.#answers = answers;
    this.#sentAtMs = nowMs;
    this.#dueAtMs = nowMs + FIRST_TIMEOUT_MS;
  }

  /** Whether it is to be sent now, as nothing has come upon it. If so, it counts as sent. */
  takeDue(nowMs: number): boolean {
    if (nowMs < this.#dueAtMs) return false;
    this.#timeoutMs = Math.min(2 * this.#timeoutMs, MAX_TIMEOUT_MS);
    this.#sent(nowMs);
    return true;
  }

  /**
   * Whether it is to be sent now, as the peer repeats what it answers. If so, it counts as sent. A repetition counts once
   * as many bytes have come as the message has: whoever sends little gets no flight for it.
   */
  takeRepeated(epoch: number, { sequence, body }: HandshakeFragment, nowMs: number): boolean {
    const { bytes } = this.#answers;
    if (epoch !== this.#answers.epoch || sequence !== this.#answers.sequence) return false;
    this.#repeatedBytes += body.length;
    if (this.#repeatedBytes < bytes) return false;
    this.#repeatedBytes = 0;
    if (this.#answered >= MAX_ANSWERS || nowMs < this.#sentAtMs + MIN_GAP_MS) return false;
    this.#answered += 1;
    this.#sent(nowMs);
    return true;
  }

  #sent(nowMs: number): void {
    this.#sentAtMs = nowMs;
    this.#dueAtMs = nowMs + this.#timeoutMs;
  }
}

import type { Clock } from '../../base/clock.js';
import { MAX_WAITING_DIGITS } from '../../media/dtmf/dtmf-sender.js';
import type { CommandSequence, MediaStream, StreamEvent } from '../../media/engine.js';
import type { SipLeg } from '../../signaling/port.js';
import { callOver } from '../call-over.js';
import type { CallMedia } from '../media/call-media.js';

/** A key by INFO: how long it is pressed, and the pause after it, ms. */
const INFO_DURATION_MS = 160;
const INFO_GAP_MS = 100;

/** A phone that keys are sent to. */
export interface KeyTarget {
  readonly leg: Pick<SipLeg, 'sendDigit'>;
  readonly media: Pick<CallMedia, 'stream' | 'canSendDigits'>;
  /** The driver sends digits by INFO, and the peer has not said that it takes none. */
  readonly infoDigits: boolean;
}

export interface KeyPressesParts extends KeyTarget {
  readonly clock: Clock;
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

/** Keys that the agent presses: by RFC 4733 where that was negotiated, else by INFO. */
export class KeyPresses {
  readonly #parts: KeyPressesParts;
  readonly #sent = new Map<CommandSequence, Waiting>();
  /** Keys that were asked for and have not left. */
  #waiting = 0;
  #endPause: () => void = () => {};
  #closed = false;

  constructor(parts: KeyPressesParts) {
    this.#parts = parts;
  }

  /** `0-9*#A-D`. Resolves when the last of them has left. Rejects where the other side takes none, or too many wait. */
  async press(digits: string): Promise<void> {
    const { stream, canSendDigits } = this.#parts.media;
    if (!stream || this.#closed) throw callOver();
    if (this.#waiting + digits.length > MAX_WAITING_DIGITS) {
      throw new Error(`Too many keys: at most ${MAX_WAITING_DIGITS} keys may wait to be pressed.`);
    }
    this.#waiting += digits.length;
    try {
      await (canSendDigits ? this.#pressByEvents(stream, digits) : this.#pressByInfo(digits));
    } finally {
      this.#waiting -= digits.length;
    }
  }

  onStreamEvent(event: StreamEvent): void {
    if (event.type !== 'ack' || event.command !== 'send-digits') return;
    const waiting = this.#sent.get(event.sequence);
    this.#sent.delete(event.sequence);
    waiting?.resolve();
  }

  /** The call is over: whoever waits is told. */
  close(): void {
    this.#closed = true;
    this.#endPause();
    for (const waiting of this.#sent.values()) waiting.reject(callOver());
    this.#sent.clear();
  }

  async #pressByEvents(stream: MediaStream, digits: string): Promise<void> {
    const sequence = stream.sendDigits(digits);
    await new Promise<void>((resolve, reject) => this.#sent.set(sequence, { resolve, reject }));
  }

  async #pressByInfo(digits: string): Promise<void> {
    const { infoDigits, leg, clock } = this.#parts;
    if (!infoDigits) throw new Error('The other side takes no key presses, neither by RFC 4733 nor by INFO.');
    for (const digit of digits) {
      if (this.#closed) throw callOver();
      leg.sendDigit(digit, INFO_DURATION_MS);
      // A gateway plays what it is told: two that come together would be one long tone, or none.
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, INFO_DURATION_MS + INFO_GAP_MS);
        this.#endPause = () => {
          clock.clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

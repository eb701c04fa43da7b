import type { Clock, TimerHandle } from '../../base/clock.js';
import { errorMessage } from '../../base/connector-error.js';
import type { SipLeg } from '../../signaling/port.js';
import { callOver } from '../call-over.js';
import type { CallMedia } from '../media/call-media.js';

/** How often a phone that refuses to end the hold is asked, and the pauses between, ms. */
const RESUME_ATTEMPTS = 3;
const RESUME_PAUSE_MS = 2_000;

export interface CallerHoldParts {
  readonly leg: Pick<SipLeg, 'reoffer'>;
  readonly media: Pick<CallMedia, 'reoffer' | 'readAnswer' | 'withdrawOffer' | 'endHold'>;
  readonly clock: Clock;
}

/** Somebody who waits for the phone's answer to an offer. */
interface Asking {
  resolve(): void;
  reject(error: Error): void;
}

/** The caller put on hold by us, and taken up again (RFC 3264 section 8.4). */
export class CallerHold {
  readonly #parts: CallerHoldParts;
  #asking: Asking | undefined;
  #timer: TimerHandle | undefined;
  #endPause: () => void = () => {};
  #holding = false;
  #ended = false;
  #onBack: () => void = () => {};
  #closed = false;

  constructor(parts: CallerHoldParts) {
    this.#parts = parts;
  }

  /**
   * For so many seconds; an abort takes the call up early. Resolves when the caller is back. A phone that refuses the
   * hold is an error, and all goes on as it was. One that refuses its end is asked again; then the hold ends without it:
   * we send and listen as before, which is as much as can be done on this side.
   */
  async hold(seconds: number, signal: AbortSignal): Promise<void> {
    if (this.#holding) throw new Error('The caller is on hold already.');
    this.#holding = true;
    this.#ended = false;
    try {
      await this.#offer('sendonly');
      if (!this.#ended) await this.#pause(seconds * 1000, signal);
      await this.#resume();
    } finally {
      this.#holding = false;
      this.#onBack();
    }
  }

  /** Takes the call up now: somebody else wants to talk with the caller. Resolves when the caller is back. Never rejects. */
  async end(): Promise<void> {
    if (!this.#holding) return;
    this.#ended = true;
    const back = new Promise<void>((resolve) => {
      this.#onBack = resolve;
    });
    this.#endPause();
    await back;
  }

  /** The answer to the offer that went out last. */
  onReoffered(status: number, sdp: string | undefined): void {
    const asking = this.#asking;
    this.#asking = undefined;
    if (status >= 300) {
      this.#parts.media.withdrawOffer();
      asking?.reject(new Error(`The phone refused (${status}).`));
      return;
    }
    try {
      this.#parts.media.readAnswer(sdp);
      asking?.resolve();
    } catch (error) {
      // What was agreed before stands, also for what the phone offers next.
      this.#parts.media.withdrawOffer();
      asking?.reject(new Error(errorMessage(error)));
    }
  }

  /** The call is over. */
  close(): void {
    this.#closed = true;
    this.#endPause();
    this.#asking?.reject(callOver());
    this.#asking = undefined;
  }

  async #resume(): Promise<void> {
    for (let attempt = 1; attempt <= RESUME_ATTEMPTS; attempt += 1) {
      try {
        await this.#offer('sendrecv');
        return;
      } catch (error) {
        if (this.#closed) throw error;
      }
      if (attempt < RESUME_ATTEMPTS) await this.#pause(RESUME_PAUSE_MS, undefined);
    }
    this.#parts.media.endHold();
  }

  async #offer(direction: 'sendonly' | 'sendrecv'): Promise<void> {
    if (this.#closed) throw callOver();
    const answered = new Promise<void>((resolve, reject) => {
      this.#asking = { resolve, reject };
    });
    // Made when it leaves: an offer that crossed the peer's is refused, and the next one must fit what came of theirs.
    this.#parts.leg.reoffer(() => this.#parts.media.reoffer(direction));
    await answered;
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted || this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#endPause = () => resolve();
      this.#timer = this.#parts.clock.setTimeout(this.#endPause, ms);
      signal?.addEventListener('abort', this.#endPause, { once: true });
    });
    signal?.removeEventListener('abort', this.#endPause);
    this.#parts.clock.clearTimeout(this.#timer);
  }
}

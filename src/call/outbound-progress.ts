import type { CallAccount } from './call-account.js';
import type { UndialledLeg } from './call-leg.js';
import type { CallEvent } from './call-state.js';
import type { CallMedia } from './media/call-media.js';

export interface OutboundProgressParts {
  readonly media: CallMedia;
  readonly account: CallAccount;
  /** {@link Clock.now}. */
  now(): number;
  apply(event: CallEvent): void;
}

/** From our INVITE to its answer. */
export class OutboundProgress {
  readonly #parts: OutboundProgressParts;
  #dialledAtMs = 0;
  #reported = '';

  constructor(parts: OutboundProgressParts) {
    this.#parts = parts;
  }

  dial(leg: UndialledLeg): void {
    this.#dialledAtMs = this.#parts.now();
    leg.dial((localAddress) => this.#parts.media.firstOffer(localAddress));
  }

  /** Whatever is to be heard before the answer is a network's, not a person's: the agent does not get it. */
  onProgress(status: number, sdp: string | undefined): void {
    const earlyMedia = this.#parts.media.noteProgress(sdp);
    const report = `${status} ${earlyMedia}`;
    // Repeated as long as it rings (RFC 3261 section 13.3.1.1).
    if (report === this.#reported) return;
    this.#reported = report;
    this.#parts.account.emit({ type: 'call-progress', status, earlyMedia });
  }

  onAnswered(sdp: string | undefined): void {
    const { account, apply, media, now } = this.#parts;
    const atMs = now();
    try {
      media.settleFirstOffer(sdp, atMs);
    } catch (error) {
      account.onError(error);
      apply({ type: 'answer-unusable' });
      return;
    }
    account.onAnswered(this.#dialledAtMs, atMs);
    apply({ type: 'answered' });
  }
}

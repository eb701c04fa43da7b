import { ConnectorError } from '../../base/connector-error.js';
import type { StreamParameters } from '../../media/engine.js';
import { type LocalDescription, readAnswer } from '../../signaling/sdp/sdp.js';
import type { MediaNegotiation } from './media-negotiation.js';

/**
 * What is agreed while an INVITE of ours waits for its 2xx: an answer in a provisional response, and what the peer offers
 * after that by UPDATE (RFC 3311 section 5.2). No audio flows yet; {@link settle} says what counts once somebody answers.
 */
export class EarlySession {
  readonly #negotiation: MediaNegotiation;
  #answer: string | undefined;
  /** Our first offer, where something else was agreed since. */
  #offer: LocalDescription | undefined;
  /** By the peer's last offer. */
  #agreed: StreamParameters | undefined;

  constructor(negotiation: MediaNegotiation) {
    this.#negotiation = negotiation;
  }

  /** An answer in a provisional response: the 200 may come without. */
  noteAnswer(sdp: string | undefined): void {
    this.#answer = sdp ?? this.#answer;
  }

  /** An answer came in a provisional response. */
  get answered(): boolean {
    return this.#answer !== undefined;
  }

  /**
   * Answers an offer of the peer.
   *
   * @throws ConnectorError `ERR_SDP_INVALID`, `ERR_SDP_UNACCEPTABLE`; then nothing has changed.
   */
  renegotiate(offer: string, port: number): string {
    const offered = this.#offer ?? this.#negotiation.pendingOffer;
    if (offered === undefined || this.#answer === undefined) {
      throw new ConnectorError('ERR_SDP_UNACCEPTABLE', 'our own offer has no answer yet');
    }
    const { sdp, parameters } = this.#negotiation.answer(offer, port);
    this.#offer = offered;
    this.#agreed = parameters;
    return sdp;
  }

  /**
   * The call was answered. `sdp` is the answer to our first offer; absent, what was agreed last in the dialog that
   * answered counts.
   *
   * @throws ConnectorError `ERR_SDP_INVALID`, `ERR_SDP_UNACCEPTABLE`
   */
  settle(sdp: string | undefined): StreamParameters {
    if (this.#agreed === undefined || this.#offer === undefined)
      return this.#negotiation.readAnswer(sdp ?? this.#answer);
    // Another branch of a forked INVITE answers its first offer, and knows nothing of the others.
    return sdp === undefined ? this.#agreed : readAnswer(this.#offer, sdp);
  }
}

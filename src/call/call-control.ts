import type { Clock, TimerHandle } from '../base/clock.js';
import { errorMessage } from '../base/connector-error.js';
import type { CommandSequence, StreamEvent } from '../media/engine.js';
import type { LegEvent, SipLeg } from '../signaling/port.js';
import type { ToolContext, TransferOutcome, TransferTarget } from '../tools/tool.js';
import type { CallMedia } from './call-media.js';
import type { CallEvent } from './call-state.js';
import type { Conversation } from './conversation.js';

export interface CallControlParts {
  readonly leg: Pick<SipLeg, 'refer' | 'reoffer'>;
  readonly media: Pick<CallMedia, 'stream' | 'reoffer' | 'readAnswer' | 'withdrawOffer' | 'canSendDigits'>;
  readonly clock: Clock;
  conversation(): Conversation | undefined;
  apply(event: CallEvent): void;
}

/** Somebody who waits for the phone or the peer to have done something. */
interface Pending<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** What tools may do to one call: hang up, transfer, press keys, put on hold. The rest of the call is out of their reach. */
export class CallControl implements ToolContext {
  readonly #parts: CallControlParts;
  readonly #digits = new Map<CommandSequence, Pending<void>>();
  #transfer: Pending<TransferOutcome> | undefined;
  #reoffer: Pending<void> | undefined;
  #holdTimer: TimerHandle | undefined;
  #endHold: () => void = () => {};
  #holding = false;
  #goodbyeId: string | undefined;
  #closed = false;

  constructor(parts: CallControlParts) {
    this.#parts = parts;
  }

  /** The speech that goes with the agent's wish to hang up, if it named one. */
  get goodbyeId(): string | undefined {
    return this.#goodbyeId;
  }

  hangUp(responseId: string | undefined): void {
    this.#goodbyeId = responseId;
    this.#parts.apply({ type: 'agent-leaving' });
  }

  /** The agent's words are heard first. One transfer at a time; a peer that refuses keeps the caller here. */
  async transfer(target: TransferTarget, responseId?: string): Promise<TransferOutcome> {
    if (this.#closed) throw new Error('The call is over.');
    if (this.#transfer) throw new Error('A transfer is under way already.');
    const result = new Promise<TransferOutcome>((resolve, reject) => {
      this.#transfer = { resolve, reject };
    });
    const conversation = this.#parts.conversation();
    if (conversation) conversation.afterSpeech(responseId, () => this.#refer(target.uri));
    else this.#refer(target.uri);
    return result;
  }

  /** Resolves when the last key was sent. Rejects where the phone takes no telephone-events. */
  async sendDigits(digits: string): Promise<void> {
    const { stream, canSendDigits } = this.#parts.media;
    if (!stream || this.#closed) throw new Error('The call is over.');
    if (!canSendDigits) throw new Error('The other side takes no key presses (RFC 4733 was not negotiated).');
    const sequence = stream.sendDigits(digits);
    await new Promise<void>((resolve, reject) => this.#digits.set(sequence, { resolve, reject }));
  }

  /**
   * Puts the caller on hold for so many seconds, then takes up the call again. Resolves when that is done; an abort takes
   * it up early. Rejects when the phone refuses.
   */
  async hold(seconds: number, signal: AbortSignal): Promise<void> {
    if (this.#holding) throw new Error('The caller is on hold already.');
    this.#holding = true;
    try {
      await this.#offer('sendonly');
      await this.#pause(seconds * 1000, signal);
      await this.#offer('sendrecv');
    } finally {
      this.#holding = false;
    }
  }

  /** True: the event was an answer to something asked for here. */
  onLegEvent(event: LegEvent): boolean {
    if (event.type === 'transfer') {
      if (event.final) this.#onTransferOver(event.status);
      return true;
    }
    if (event.type === 'reoffered') {
      this.#onReoffered(event.status, event.sdp);
      return true;
    }
    return false;
  }

  onStreamEvent(event: StreamEvent): void {
    if (event.type !== 'ack' || event.command !== 'send-digits') return;
    const waiting = this.#digits.get(event.sequence);
    this.#digits.delete(event.sequence);
    waiting?.resolve();
  }

  /** The call is over: whoever waits is told. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endHold();
    const over = new Error('The call is over.');
    for (const waiting of this.#digits.values()) waiting.reject(over);
    this.#digits.clear();
    this.#transfer?.reject(over);
    this.#reoffer?.reject(over);
    this.#transfer = undefined;
    this.#reoffer = undefined;
  }

  #refer(uri: string): void {
    this.#parts.apply({ type: 'transfer-begun' });
    try {
      this.#parts.leg.refer({ uri });
    } catch (error) {
      const transfer = this.#transfer;
      this.#transfer = undefined;
      this.#parts.apply({ type: 'transfer-over', ok: false });
      transfer?.reject(new Error(errorMessage(error)));
    }
  }

  #onTransferOver(status: number): void {
    const transfer = this.#transfer;
    this.#transfer = undefined;
    const ok = status < 300;
    transfer?.resolve({ ok, status });
    this.#parts.apply({ type: 'transfer-over', ok });
  }

  async #offer(direction: 'sendonly' | 'sendrecv'): Promise<void> {
    if (this.#closed) throw new Error('The call is over.');
    const answered = new Promise<void>((resolve, reject) => {
      this.#reoffer = { resolve, reject };
    });
    // Made when it leaves: an offer that crossed the peer's is refused, and the next one must fit what came of theirs.
    this.#parts.leg.reoffer(() => this.#parts.media.reoffer(direction));
    await answered;
  }

  #onReoffered(status: number, sdp: string | undefined): void {
    const reoffer = this.#reoffer;
    this.#reoffer = undefined;
    if (status >= 300) {
      this.#parts.media.withdrawOffer();
      reoffer?.reject(new Error(`The phone refused (${status}).`));
      return;
    }
    try {
      this.#parts.media.readAnswer(sdp);
      reoffer?.resolve();
    } catch (error) {
      reoffer?.reject(new Error(errorMessage(error)));
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#endHold = resolve;
      this.#holdTimer = this.#parts.clock.setTimeout(resolve, ms);
      signal.addEventListener('abort', this.#endHold, { once: true });
    });
    signal.removeEventListener('abort', this.#endHold);
    this.#parts.clock.clearTimeout(this.#holdTimer);
  }
}

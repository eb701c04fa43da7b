import type { Clock } from '../../base/clock.js';
import type { StreamEvent } from '../../media/engine.js';
import type { LegEvent, SipLeg } from '../../signaling/port.js';
import type { ToolContext, TransferOutcome, TransferTarget } from '../../tools/tool.js';
import type { Conversation } from '../conversation.js';
import type { Goodbye } from '../conversation-options.js';
import type { CallMedia } from '../media/call-media.js';
import { CallTransfer, type CallTransferParts } from './call-transfer.js';
import { CallerHold } from './caller-hold.js';
import { KeyPresses, type KeyTarget } from './key-presses.js';
import type { SecondLeg } from './second-leg.js';

export interface CallControlParts extends Omit<CallTransferParts, 'leg' | 'takeUp' | 'join'> {
  readonly leg: Pick<SipLeg, 'refer' | 'reoffer' | 'sendDigit'>;
  readonly media: Pick<
    CallMedia,
    'stream' | 'reoffer' | 'readAnswer' | 'withdrawOffer' | 'endHold' | 'canSendDigits' | 'pauseRecording'
  >;
  readonly clock: Clock;
  /** Keys can be pressed by INFO. */
  readonly infoDigits: boolean;
  /** The caller and the target talk with each other from now on, and press keys. */
  bridge(second: SecondLeg, caller: KeyTarget): void;
  conversation(): Conversation | undefined;
  /** The 200 was sent, or has come. */
  answered(): boolean;
  /** The caller waits, on hold or for a transfer; or that is over. */
  onParked(parked: boolean): void;
}

/** A transfer that is under way. */
interface UnderWay {
  readonly outcome: Promise<TransferOutcome>;
  /** The speech that goes with it. */
  readonly responseId: string | undefined;
  /** That was heard, or is waited for no longer. */
  readonly begun: () => boolean;
}

/** What tools may do to one call: hang up, transfer, press keys, put on hold, pause the recording. The rest of the call is out of their reach. */
export class CallControl implements ToolContext, Goodbye {
  readonly #parts: CallControlParts;
  /** Made when the agent asks for one: most calls never do. */
  #keys: KeyPresses | undefined;
  #hold: CallerHold | undefined;
  #transfer: CallTransfer | undefined;
  #underWay: UnderWay | undefined;
  #goodbyeId: string | undefined;
  #hangsUp = false;
  #hangUps = 0;
  #closed = false;

  constructor(parts: CallControlParts) {
    this.#parts = parts;
  }

  /** The speech that goes with the agent's wish to hang up, if it named one. */
  get goodbyeId(): string | undefined {
    return this.#goodbyeId;
  }

  get hangUps(): number {
    return this.#hangUps;
  }

  /** The agent has asked for that, and for no transfer since. */
  get hangsUp(): boolean {
    return this.#hangsUp;
  }

  /** A model that transfers the caller may also say goodbye: the BYE would come before anybody has answered. */
  hangUp(responseId: string | undefined): boolean {
    const transfer = this.#underWay;
    const sameTurn = responseId !== undefined && responseId === transfer?.responseId;
    if (transfer && (sameTurn || !transfer.begun())) return false;
    this.#goodbyeId = responseId;
    this.#hangsUp = true;
    this.#hangUps += 1;
    this.#parts.apply({ type: 'agent-leaving' });
    return true;
  }

  /** The agent's words are heard first. One transfer at a time; a peer that refuses keeps the caller here. */
  async transfer(target: TransferTarget, responseId?: string): Promise<TransferOutcome> {
    // In early media: who is called now would be joined with nobody.
    if (!this.#parts.answered() && !this.#closed) return { ok: false, status: 481 };
    const conversation = this.#parts.conversation();
    if (!this.#underWay) {
      this.#hangsUp = false;
      this.#parts.apply({ type: 'agent-staying' });
    }
    let [taken, parked] = [false, false];
    this.#transfer ??= this.#made(
      new CallTransfer({
        takeUp: async () => this.#hold?.end(),
        join: (second) => this.#parts.bridge(second, this.#parts),
        ...this.#parts,
      }),
    );
    const outcome = this.#transfer.transfer(target, (then) => {
      taken = true;
      const begin = (): void => {
        parked = true;
        this.#parts.onParked(true);
        then();
      };
      if (conversation) conversation.afterSpeech(responseId, begin);
      else begin();
    });
    const own = { outcome, responseId, begun: () => parked };
    // The one before it may be over, and its asker not have heard of that.
    if (taken) this.#underWay = own;
    try {
      return await outcome;
    } finally {
      if (this.#underWay === own) this.#underWay = undefined;
      if (parked) this.#parts.onParked(false);
    }
  }

  /**
   * The goodbye was heard. An agent whose session is over, other than by {@link hangUp}, has left the caller to a transfer that is
   * under way: `then` once it is known what became of that.
   */
  afterTransfer(then: () => void): void {
    if (this.#hangsUp || !this.#underWay) then();
    else this.#underWay.outcome.then(then, then);
  }

  /**
   * No agent is left to talk with. A transfer that is under way goes on without one; where there is none, or it fails,
   * the caller goes to `target`.
   */
  async sendAway(target: TransferTarget | undefined): Promise<void> {
    const outcome = await this.#underWay?.outcome.catch(() => undefined);
    if (!outcome?.ok && target !== undefined) await this.transfer(target);
  }

  sendDigits(digits: string): Promise<void> {
    this.#keys ??= this.#made(new KeyPresses(this.#parts));
    return this.#keys.press(digits);
  }

  async hold(seconds: number, signal: AbortSignal): Promise<void> {
    // An offer of ours may still await its answer, and a refusal of another would take it back.
    if (!this.#parts.answered() && !this.#closed) throw new Error('The call has not been answered.');
    this.#parts.onParked(true);
    try {
      await this.#holding.hold(seconds, signal);
    } finally {
      this.#parts.onParked(false);
    }
  }

  pauseRecording(paused: boolean): boolean {
    return this.#parts.media.pauseRecording(paused, 'agent');
  }

  /** True: the event was an answer to something asked for here. */
  onLegEvent(event: LegEvent): boolean {
    if (event.type === 'transfer') {
      if (event.final) this.#transfer?.onTransferOver(event.status);
      return true;
    }
    if (event.type === 'reoffered') {
      this.#holding.onReoffered(event.status, event.sdp);
      return true;
    }
    return false;
  }

  onStreamEvent(event: StreamEvent): void {
    this.#keys?.onStreamEvent(event);
  }

  /** The call is over: whoever waits is told. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#keys?.close();
    this.#hold?.close();
    this.#transfer?.close();
  }

  get #holding(): CallerHold {
    this.#hold ??= this.#made(new CallerHold(this.#parts));
    return this.#hold;
  }

  /** What is asked for after the end of the call learns that first. */
  #made<Part extends { close(): void }>(part: Part): Part {
    if (this.#closed) part.close();
    return part;
  }
}

import { assertUnreachable } from '../../base/assert.js';
import { errorMessage } from '../../base/connector-error.js';
import type { SipLeg } from '../../signaling/port.js';
import type { TransferOutcome, TransferTarget } from '../../tools/tool.js';
import { callOver } from '../call-over.js';
import type { CallEvent } from '../call-state.js';
import type { Announcement, Saying } from '../speech/announcement.js';
import type { SecondLeg } from './second-leg.js';

export interface CallTransferParts {
  readonly leg: Pick<SipLeg, 'refer'>;
  /** The peer may take a REFER with Replaces: the driver can send one, and the peer's Allow does not rule it out. */
  readonly attended: boolean;
  /** Calls a target; what comes of it is the leg's `answered`. */
  dial(target: TransferTarget): SecondLeg;
  /** Makes what is said to a target; `undefined` when it cannot be made. Never rejects. */
  prepare(saying: Saying): Promise<Announcement | undefined>;
  /** Ends a hold. Resolves when the caller is back, at once where there is none. */
  takeUp(): Promise<void>;
  /** The caller and the target talk with each other from now on. */
  join(second: SecondLeg): void;
  apply(event: CallEvent): void;
}

/** Somebody who waits for the result of a REFER. */
interface Pending {
  resolve(outcome: TransferOutcome): void;
  reject(error: Error): void;
}

/**
 * Hands the caller over, one attempt at a time. Whatever fails leaves the caller with the agent.
 *
 * - blind: REFER, and the caller's phone does the rest (RFC 3515).
 * - attended: the target is called first, while the caller talks on with the agent. When it answers, and has heard who
 *   is coming where there are words for that, the caller's phone is asked to take our place there (REFER with Replaces, RFC 3891); where it does not, the two are bridged.
 * - bridge: the same without asking.
 */
export class CallTransfer {
  readonly #parts: CallTransferParts;
  #refer: Pending | undefined;
  #second: SecondLeg | undefined;
  #giveUpSpeech: (error: Error) => void = () => {};
  #busy = false;
  #closed = false;

  constructor(parts: CallTransferParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when it is known what became of it. Rejects where nothing was tried, and at the end of the call.
   *
   * @param afterSpeech calls `then` once the agent's words that go with it were heard
   */
  async transfer(target: TransferTarget, afterSpeech: (then: () => void) => void): Promise<TransferOutcome> {
    if (this.#closed) throw callOver();
    if (this.#busy) throw new Error('A transfer is under way already.');
    this.#busy = true;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#giveUpSpeech = reject;
        afterSpeech(resolve);
      });
      // Whoever waited for the same words may have ended the call meanwhile.
      if (this.#closed) throw callOver();
      const mode = target.mode ?? 'blind';
      switch (mode) {
        case 'blind':
          return await this.#ask(target, undefined);
        case 'attended':
        case 'bridge':
          return await this.#consult(target, mode === 'attended' && this.#parts.attended);
        default:
          return assertUnreachable(mode);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** The last news of the REFER. */
  onTransferOver(status: number): void {
    const refer = this.#refer;
    this.#refer = undefined;
    if (!refer) return;
    const ok = status < 300;
    refer.resolve({ ok, status });
    // Now, not when whoever waits gets to it: a success ends the call.
    this.#parts.apply({ type: 'transfer-over', ok });
  }

  /** The call is over, or the agent's part of it: whoever waits is told, and a target that is not bridged is hung up on. */
  close(): void {
    this.#closed = true;
    this.#giveUpSpeech(callOver());
    this.#refer?.reject(callOver());
    this.#refer = undefined;
    this.#second?.hangUp();
    this.#second = undefined;
  }

  async #consult(target: TransferTarget, ask: boolean): Promise<TransferOutcome> {
    const second = this.#parts.dial(target);
    this.#second = second;
    // Made while it rings.
    const words = target.announce && this.#parts.prepare(target.announce);
    const answer = await second.answered;
    if (this.#closed) throw callOver();
    if (!answer.ok) return answer;
    const announcement = await words;
    if (announcement) await second.say(announcement);
    await this.#parts.takeUp();
    if (this.#closed) throw callOver();
    if (!second.up) return { ok: false, status: 480 };
    const outcome = ask ? await this.#askToReplace(target, second) : undefined;
    // The success has ended the call already.
    if (outcome?.ok) return outcome;
    if (this.#closed) throw callOver();
    // The target has hung up meanwhile: 480 unless the phone said something better.
    if (!second.up) return outcome ?? { ok: false, status: 480 };
    this.#second = undefined;
    this.#parts.join(second);
    return { ok: true, status: 200 };
  }

  /** What cannot be asked for is a refusal: there is still the bridge. */
  async #askToReplace(target: TransferTarget, second: SecondLeg): Promise<TransferOutcome> {
    try {
      return await this.#ask(target, second.leg);
    } catch (error) {
      if (this.#closed) throw error;
      return { ok: false, status: 501 };
    }
  }

  async #ask({ uri, headers }: TransferTarget, replaces: SipLeg | undefined): Promise<TransferOutcome> {
    const result = new Promise<TransferOutcome>((resolve, reject) => {
      this.#refer = { resolve, reject };
    });
    // A rejection is the caller's to see; here it may come before anybody awaits it.
    result.catch(() => undefined);
    this.#parts.apply({ type: 'transfer-begun' });
    try {
      const more = { ...(headers !== undefined && { headers }), ...(replaces !== undefined && { replaces }) };
      this.#parts.leg.refer({ uri, ...more });
    } catch (error) {
      this.#refer = undefined;
      this.#parts.apply({ type: 'transfer-over', ok: false });
      throw new Error(errorMessage(error));
    }
    return result;
  }
}

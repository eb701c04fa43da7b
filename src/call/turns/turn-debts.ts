import type { Clock } from '../../base/clock.js';
import type { CallerFrame } from '../../media/engine.js';
import { LineLevel } from '../../media/voice/line-level.js';
import type { ReplyWatch } from '../reply-watch.js';
import type { CurrentSession } from '../session/current-session.js';

/** What is usual between the caller's last word and the end of their turn, ms; a flavor may take longer. */
const USUAL_END_OF_TURN_MS = 500;
/** Caller speech of which a session ought to take note, even if it gives no sign of it, ms. */
const NOTEWORTHY_MS = 1_000;

export interface TurnDebtsParts {
  readonly session: CurrentSession;
  readonly reply: Pick<ReplyWatch, 'expect' | 'settle'>;
  readonly clock: Clock;
}

/**
 * Knows which turns of the caller's the session owes an answer to. Of a session that takes the turns itself the host's
 * detector alone does not decide that: it takes music on hold for speech now and then, and each of its pauses for the end
 * of a turn. So nothing is owed
 * - to a cough, or other short sound, that the session made nothing of;
 * - to what ends while the line stays as loud as it was, where the session has not heard it at all, or says that it still
 *   hears it. Should the session come to the end of it after all, an answer is owed from then on.
 */
export class TurnDebts {
  readonly #parts: TurnDebtsParts;
  readonly #level = new LineLevel();
  /** The session has shown that it hears what the caller says just now, or said last. */
  #heard = false;
  /** The session's own detector hears somebody, as far as it has said. */
  #hearing = false;
  /** It has told the end of that before. Not every flavor does: of others it is over with the last words of a turn. */
  #tellsEnds = false;
  /** Whether the latest turn wants an answer: `owed` is that it seems so, `waived` that it does not. */
  #doubt: 'none' | 'owed' | 'waived' = 'none';

  constructor(parts: TurnDebtsParts) {
    this.#parts = parts;
  }

  /** Hot path. `callerSpeaking`: a stretch of speech is under way. */
  onFrame(frame: CallerFrame, callerSpeaking: boolean): void {
    if (!callerSpeaking && this.#doubt !== 'owed') return;
    const { capabilities, formats } = this.#parts.session;
    if (capabilities.turnTaking === 'host') return;
    this.#level.push(frame.data, formats.input.encoding, frame.voiced);
    if (this.#doubt !== 'owed' || !this.#level.loud) return;
    // The music has only paused.
    this.settle();
    this.#doubt = 'waived';
  }

  /** The host's detector hears the caller begin; `second`: to speak, as the session has said already. */
  onSpeech(second: boolean): void {
    if (!second) this.#heard = false;
    this.#level.begin();
  }

  /** The session's own detector hears somebody. */
  onHearing(): void {
    this.#heard = true;
    this.#hearing = true;
  }

  /** It has heard the end of that. */
  onHearingEnd(): void {
    this.#heard = true;
    this.#hearing = false;
    this.#tellsEnds = true;
    this.#claim();
  }

  /** The session understands words of the caller's; `final`: all that it will make of the turn. */
  onWords(final: boolean): void {
    this.#heard = true;
    if (final && !this.#tellsEnds) this.#hearing = false;
    if (this.#doubt === 'owed' && !this.#hearing) this.#doubt = 'none';
    if (final) this.#claim();
  }

  /** A turn of the caller is over, which took `speechMs`; its last voiced packet came at `lastVoicedAtMs`. */
  onTurnOver(speechMs: number, lastVoicedAtMs: number): void {
    const { turnTaking, interruptible, endOfTurnMs = USUAL_END_OF_TURN_MS } = this.#parts.session.capabilities;
    if (!interruptible) return;
    if (turnTaking === 'host') {
      this.#parts.reply.expect(lastVoicedAtMs);
      return;
    }
    if (!this.#heard && speechMs < NOTEWORTHY_MS) {
      this.#doubt = this.#hearing ? 'waived' : 'none';
      return;
    }
    const doubtful = !this.#heard || this.#hearing;
    this.#doubt = !doubtful ? 'none' : this.#level.loud ? 'waived' : 'owed';
    const graceMs = Math.max(0, endOfTurnMs - USUAL_END_OF_TURN_MS);
    if (this.#doubt !== 'waived') this.#parts.reply.expect(lastVoicedAtMs + graceMs);
  }

  /** The session does something about it. */
  onTool(): void {
    this.#doubt = 'none';
  }

  /** The agent is heard, or will be; or the caller goes on speaking, and waits for no answer. Hot path. */
  settle(): void {
    this.#doubt = 'none';
    this.#parts.reply.settle();
  }

  /** The caller holds the call: whoever does wants no answer to what was taken for no turn until then. */
  onHeld(): void {
    this.#doubt = 'none';
  }

  /** The session is lost, or another hears the caller from now on: what it was hearing it tells no end of. */
  onLost(): void {
    this.#hearing = false;
    this.#tellsEnds = false;
    this.#doubt = 'none';
  }

  /** The session has made a turn of what was taken for none. */
  #claim(): void {
    if (this.#doubt === 'waived') this.#parts.reply.expect(this.#parts.clock.now());
    this.#doubt = 'none';
  }
}

/**
 * When the caller's voice means a turn, an interruption, or nothing. Pure bookkeeping, fed by the media plane's voice
 * detector and playout, 50 times a second without allocation; the call carries out what it returns.
 *
 * The barge-in is reversible: at the onset the agent is paused; 250 ms of voice confirm it; a cough lets the agent go
 * on where it stopped.
 */
export interface TurnTakingOptions {
  /** Voiced time since the onset that makes an interruption, ms. */
  readonly confirmMs: number;
  /** Time since the onset after which an unconfirmed one is rejected, ms. */
  readonly rejectAfterMs: number;
  /** Unvoiced time that ends a run of voice, ms. Bridges the stops inside words. */
  readonly runGapMs: number;
}

export const defaultTurnTakingOptions = {
  confirmMs: 250,
  rejectAfterMs: 500,
  runGapMs: 120,
} as const satisfies TurnTakingOptions;

/** What the call has to do now. `undefined`: nothing. */
export type TurnDecision =
  /** Hold the agent's speech: it may be an interruption. */
  | 'pause'
  /** It is one: drop the agent's speech. */
  | 'interrupt'
  /** It was none: go on. */
  | 'resume'
  /** The caller has finished a turn. */
  | 'end-turn'
  | undefined;

const FRAME_MS = 20;

export class TurnTaking {
  readonly #options: TurnTakingOptions;
  /** Whether the agent can be interrupted at all (`FlavorCapabilities.interruptible`). */
  readonly #interruptible: boolean;
  #agentSpeaking = false;
  #callerSpeaking = false;
  /** The caller's present stretch of speech counts as a turn: nobody was interrupted by it, or the agent was. */
  #turnOpen = false;
  #pending = false;
  #sinceOnsetMs = 0;
  #voicedMs = 0;
  /** Voice without a gap above `runGapMs`, counted from the agent's first sound at the earliest. */
  #runMs = 0;
  #gapMs = 0;

  constructor(interruptible: boolean, options: TurnTakingOptions = defaultTurnTakingOptions) {
    this.#interruptible = interruptible;
    this.#options = options;
  }

  /** An onset waits for its verdict: the agent is paused. */
  get pending(): boolean {
    return this.#pending;
  }

  get agentSpeaking(): boolean {
    return this.#agentSpeaking;
  }

  get callerSpeaking(): boolean {
    return this.#callerSpeaking;
  }

  /** A stretch of caller speech that will end in `end-turn` is under way. */
  get turnOpen(): boolean {
    return this.#turnOpen;
  }

  /** Agent audio begins to leave the socket. */
  onAgentStarted(): void {
    this.#agentSpeaking = true;
    this.#runMs = 0;
  }

  /** No agent audio is queued any more. A pending onset has nothing left to interrupt: it becomes a plain turn. */
  onAgentStopped(): void {
    this.#agentSpeaking = false;
    if (!this.#pending) return;
    this.#pending = false;
    this.#turnOpen = true;
  }

  /** The detector reports speech that began `onsetMsAgo` ago, `voicedMs` of it voiced. */
  onVoiceStarted(onsetMsAgo: number, voicedMs: number): TurnDecision {
    this.#callerSpeaking = true;
    if (!this.#agentSpeaking || !this.#interruptible) {
      this.#turnOpen = true;
      return undefined;
    }
    this.#pending = true;
    this.#sinceOnsetMs = onsetMsAgo;
    this.#voicedMs = voicedMs;
    return 'pause';
  }

  /** The detector reports silence long enough to end a turn. */
  onVoiceStopped(): TurnDecision {
    this.#callerSpeaking = false;
    if (this.#pending) {
      this.#pending = false;
      return 'resume';
    }
    if (!this.#turnOpen) return undefined;
    this.#turnOpen = false;
    return 'end-turn';
  }

  /** One 20 ms frame of the caller. */
  onFrame(voiced: boolean): TurnDecision {
    this.#countRun(voiced);
    if (this.#pending) return this.#judgeOnset(voiced);
    // Speech that a rejected onset went on with, or that was there before the agent began: long enough is long enough.
    const talksOver = this.#agentSpeaking && this.#interruptible && this.#callerSpeaking;
    if (!talksOver || this.#runMs < this.#options.confirmMs) return undefined;
    return this.#confirm();
  }

  /** Another decision (a digit, the API) has interrupted the agent. */
  onInterruptedOtherwise(): void {
    this.#pending = false;
    this.#agentSpeaking = false;
  }

  #judgeOnset(voiced: boolean): TurnDecision {
    this.#sinceOnsetMs += FRAME_MS;
    if (voiced) this.#voicedMs += FRAME_MS;
    if (this.#voicedMs >= this.#options.confirmMs) return this.#confirm();
    if (this.#sinceOnsetMs < this.#options.rejectAfterMs) return undefined;
    this.#pending = false;
    return 'resume';
  }

  #confirm(): TurnDecision {
    this.#pending = false;
    this.#agentSpeaking = false;
    this.#turnOpen = true;
    return 'interrupt';
  }

  #countRun(voiced: boolean): void {
    if (voiced) {
      this.#runMs += FRAME_MS;
      this.#gapMs = 0;
      return;
    }
    this.#gapMs += FRAME_MS;
    if (this.#gapMs > this.#options.runGapMs) this.#runMs = 0;
  }
}

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
  /** Speech that was there before the agent began goes on: drop the agent's speech. */
  | 'talk-over'
  /** Speech whose onset was rejected goes on: its latest run is a new onset, and a turn. */
  | 'late-turn'
  /** The same while the agent speaks: drop the agent's speech. */
  | 'late-interrupt'
  /** It was none: go on. */
  | 'resume'
  /** The caller has finished a turn. */
  | 'end-turn'
  | undefined;

const FRAME_MS = 20;

export class TurnTaking {
  readonly #options: TurnTakingOptions;
  /** Whether the agent can be interrupted at all (`FlavorCapabilities.interruptible`). */
  #interruptible: boolean;
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
  #runAgeMs = 0;

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

  /** Time since the latest run of voice began, its gaps included, ms. */
  get runAgeMs(): number {
    return this.#runAgeMs;
  }

  /** Another flavor speaks from now on. An onset that is undecided gets its verdict all the same. */
  setInterruptible(interruptible: boolean): void {
    this.#interruptible = interruptible;
  }

  /** Agent audio begins to leave the socket. */
  onAgentStarted(): void {
    this.#agentSpeaking = true;
    this.#resetRun();
  }

  /**
   * No agent audio is queued any more. True: a pending onset has nothing left to interrupt and is a plain turn now; the
   * pause that it caused is to be ended.
   */
  onAgentStopped(): boolean {
    this.#agentSpeaking = false;
    if (!this.#pending) return false;
    this.#pending = false;
    this.#turnOpen = true;
    return true;
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
    if (!this.#callerSpeaking || this.#runMs < this.#options.confirmMs) return undefined;
    // Long enough is long enough, whatever became of the onset.
    const talksOver = this.#agentSpeaking && this.#interruptible;
    if (this.#turnOpen) return talksOver ? this.#confirm('talk-over') : undefined;
    return this.#confirm(talksOver ? 'late-interrupt' : 'late-turn');
  }

  /**
   * Another decision (a digit, the API) has interrupted the agent. True: an onset was pending, and is rejected. What
   * goes with a key press is mostly no speech; if it is, it becomes a late turn.
   */
  onInterruptedOtherwise(): boolean {
    const wasPending = this.#pending;
    this.#pending = false;
    this.#agentSpeaking = false;
    return wasPending;
  }

  #judgeOnset(voiced: boolean): TurnDecision {
    this.#sinceOnsetMs += FRAME_MS;
    if (voiced) this.#voicedMs += FRAME_MS;
    if (this.#voicedMs >= this.#options.confirmMs) return this.#confirm('interrupt');
    if (this.#sinceOnsetMs < this.#options.rejectAfterMs) return undefined;
    this.#pending = false;
    return 'resume';
  }

  #confirm<Decision extends TurnDecision>(decision: Decision): Decision {
    this.#pending = false;
    if (decision !== 'late-turn') this.#agentSpeaking = false;
    this.#turnOpen = true;
    return decision;
  }

  #countRun(voiced: boolean): void {
    if (this.#runMs > 0) this.#runAgeMs += FRAME_MS;
    if (voiced) {
      if (this.#runMs === 0) this.#runAgeMs = FRAME_MS;
      this.#runMs += FRAME_MS;
      this.#gapMs = 0;
      return;
    }
    this.#gapMs += FRAME_MS;
    if (this.#gapMs > this.#options.runGapMs) this.#resetRun();
  }

  #resetRun(): void {
    this.#runMs = 0;
    this.#runAgeMs = 0;
  }
}

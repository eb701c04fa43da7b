/** What the fake host's voice detector and turn-taking tell the session. Positions are those of the frames, ms. */
export interface TurnListener {
  /** Returns whether the agent is speaking, so that the onset is an attempt to interrupt. */
  onStarted(onsetMs: number): boolean;
  onStopped(endMs: number): void;
  /** Verdict on an onset. `interrupts`: it came while the agent spoke. */
  onVerdict(verdict: 'accepted' | 'rejected', onsetMs: number, interrupts: boolean): void;
  onEndOfTurn(): void;
}

/** How the fake host takes turns: the plain rule of the real one. */
export const turnTimes = {
  /** Voiced before an onset is believed. */
  onsetMs: 60,
  /** Silence before a stretch of speech is over. */
  hangoverMs: 200,
  /** Speech that confirms an interruption. */
  confirmMs: 250,
  /** Silence that ends the caller's turn. */
  endOfTurnMs: 600,
} as const;

const FRAME_MS = 20;

/** Voice detection and turn-taking on frames whose content is known: no detector, so nothing is left to chance. */
export class FakeTurns {
  readonly #listener: TurnListener;
  #voicedMs = 0;
  #silenceMs = 0;
  #inSpeech = false;
  #onsetMs = 0;
  #undecided = false;
  #turnOpen = false;

  constructor(listener: TurnListener) {
    this.#listener = listener;
  }

  /** One frame of 20 ms at `positionMs`. */
  step(voiced: boolean, positionMs: number): void {
    if (voiced) this.#speech(positionMs);
    else this.#silence(positionMs);
  }

  #speech(positionMs: number): void {
    this.#voicedMs += FRAME_MS;
    this.#silenceMs = 0;
    if (!this.#inSpeech && this.#voicedMs >= turnTimes.onsetMs) {
      this.#inSpeech = true;
      this.#onsetMs = positionMs + FRAME_MS - this.#voicedMs;
      this.#undecided = this.#listener.onStarted(this.#onsetMs);
      if (!this.#undecided) this.#decide('accepted', false);
    }
    if (this.#undecided && this.#voicedMs >= turnTimes.confirmMs) this.#decide('accepted', true);
  }

  #silence(positionMs: number): void {
    this.#silenceMs += FRAME_MS;
    if (this.#inSpeech) {
      if (this.#silenceMs < turnTimes.hangoverMs) return;
      this.#inSpeech = false;
      this.#listener.onStopped(positionMs + FRAME_MS - this.#silenceMs);
      if (this.#undecided) this.#decide('rejected', true);
    }
    this.#voicedMs = 0;
    if (this.#turnOpen && this.#silenceMs >= turnTimes.endOfTurnMs) {
      this.#turnOpen = false;
      this.#listener.onEndOfTurn();
    }
  }

  #decide(verdict: 'accepted' | 'rejected', interrupts: boolean): void {
    this.#undecided = false;
    if (verdict === 'accepted') this.#turnOpen = true;
    this.#listener.onVerdict(verdict, this.#onsetMs, interrupts);
  }
}

import type { FlavorEvent, TurnTiming } from '../../flavor-api/index.js';

/** The turn that is being answered. Clock times, ms. */
interface TimedTurn {
  readonly turnId: string;
  readonly fromMs: number;
  readonly timing: TurnTiming;
}

/** How long each stage of an answer took, counted from the caller's last voiced sample. One `turn` event for each turn. */
export class TurnTimer {
  readonly #push: (event: FlavorEvent) => void;
  #turn: TimedTurn | undefined;
  /** First word of an answer that was begun before the turn was over. */
  #earlyTokenMs: number | undefined;

  constructor(push: (event: FlavorEvent) => void) {
    this.#push = push;
  }

  /** The turn is over and will be answered. `fromMs`: its last voiced sample. */
  onTurn(
    turnId: string,
    fromMs: number,
    textAtMs: number,
    nowMs: number,
    speculative: TurnTiming['speculative'],
  ): void {
    this.flush();
    const early = speculative === 'hit' ? this.#earlyTokenMs : undefined;
    this.#earlyTokenMs = undefined;
    const timing: TurnTiming = {
      endOfTurnMs: since(fromMs, nowMs),
      transcriptMs: since(fromMs, textAtMs),
      ...(early !== undefined && { firstTokenMs: since(fromMs, early) }),
      ...(speculative !== undefined && { speculative }),
    };
    this.#turn = { turnId, fromMs, timing };
  }

  /** First word of an answer. `speculative`: the turn is not over yet. */
  onFirstToken(nowMs: number, speculative: boolean): void {
    if (speculative) this.#earlyTokenMs = nowMs;
    else this.#add(({ fromMs, timing }) => ({ firstTokenMs: timing.firstTokenMs ?? since(fromMs, nowMs) }));
  }

  /** First audio of the answer: with it all is known. */
  onFirstAudio(nowMs: number): void {
    this.#add(({ fromMs }) => ({ firstAudioMs: since(fromMs, nowMs) }));
    this.flush();
  }

  /** The answer is over: what is not known by now is left out. */
  flush(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn) this.#push({ type: 'turn', turnId: turn.turnId, timing: turn.timing });
  }

  #add(more: (turn: TimedTurn) => TurnTiming): void {
    if (this.#turn) this.#turn = { ...this.#turn, timing: { ...this.#turn.timing, ...more(this.#turn) } };
  }
}

function since(fromMs: number, atMs: number): number {
  return Math.max(0, Math.round(atMs - fromMs));
}

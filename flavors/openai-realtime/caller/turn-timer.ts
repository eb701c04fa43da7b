import type { FlavorEvent, TurnTiming } from 'sip-voice-connector/flavor';

/** The turn that is being answered. Times are of the flavor's clock, ms. */
interface TimedTurn {
  readonly turnId: string;
  /** The last voiced sample was written by the host. */
  readonly voicedUntilMs: number;
  readonly endedAtMs: number;
  transcribedAtMs: number | undefined;
  firstAudioAtMs: number | undefined;
}

/** How long each stage of an answer took, counted from the caller's last voiced sample. One `turn` event for each answer. */
export class TurnTimer {
  readonly #push: (event: FlavorEvent) => void;
  readonly #transcribes: boolean;
  #turn: TimedTurn | undefined;

  constructor(transcribes: boolean, push: (event: FlavorEvent) => void) {
    this.#transcribes = transcribes;
    this.#push = push;
  }

  /** The turn is over and will be answered. */
  onTurn(turnId: string, voicedUntilMs: number, nowMs: number): void {
    this.#turn = { turnId, voicedUntilMs, endedAtMs: nowMs, transcribedAtMs: undefined, firstAudioAtMs: undefined };
  }

  onTranscript(turnId: string, nowMs: number): void {
    const turn = this.#turn;
    if (turn?.turnId !== turnId) return;
    turn.transcribedAtMs ??= nowMs;
    if (turn.firstAudioAtMs !== undefined) this.flush();
  }

  /** First audio of the answer. */
  onAudio(nowMs: number): void {
    const turn = this.#turn;
    if (!turn) return;
    turn.firstAudioAtMs ??= nowMs;
    if (turn.transcribedAtMs !== undefined || !this.#transcribes) this.flush();
  }

  /** The answer is complete: what is not known by now is left out. */
  flush(): void {
    const turn = this.#turn;
    if (turn?.firstAudioAtMs === undefined) return;
    this.#turn = undefined;
    const since = (atMs: number): number => Math.max(0, Math.round(atMs - turn.voicedUntilMs));
    const timing: TurnTiming = {
      endOfTurnMs: since(turn.endedAtMs),
      ...(turn.transcribedAtMs !== undefined && { transcriptMs: since(turn.transcribedAtMs) }),
      firstAudioMs: since(turn.firstAudioAtMs),
    };
    this.#push({ type: 'turn', turnId: turn.turnId, timing });
  }
}

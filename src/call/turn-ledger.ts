import type { TurnTiming } from '../flavor-api/index.js';
import type { BargeInRecord, TurnRecord } from '../ops/call-record.js';

interface OpenTurn {
  readonly responseId: string;
  /** When the caller's last voiced packet before this response was received; absent if it answers nothing. */
  readonly answersMs: number | undefined;
  readonly endOfTurnMs: number | undefined;
  readonly timing: TurnTiming | undefined;
  readonly firstAudioMs: number;
  startedMs: number | undefined;
  voicedMs: number | undefined;
}

interface OpenBargeIn {
  readonly onsetMs: number;
  readonly commandedMs: number;
  silentMs: number | undefined;
  resumed: boolean | undefined;
}

/** Turns kept per call; a call of a day would otherwise grow without bound. Older ones are counted, not kept. */
const KEPT_TURNS = 2000;

/**
 * Times of a call, all on the connector's own clock at its own socket: voice-to-voice latency per turn, its stages,
 * barge-ins. Arguments named `atMs` are {@link Clock.now} readings.
 */
export class TurnLedger {
  readonly #turns: TurnRecord[] = [];
  readonly #bargeIns: BargeInRecord[] = [];
  readonly #open = new Map<string, OpenTurn>();
  #originMs: number;
  #lastVoicedMs: number | undefined;
  #endOfTurnAtMs: number | undefined;
  #timing: TurnTiming | undefined;
  #bargeIn: OpenBargeIn | undefined;
  /** The agent is silenced since then: what is flushed later ended there. */
  #silentSinceMs: number | undefined;

  constructor(originMs: number) {
    this.#originMs = originMs;
  }

  /** The call was answered: times in the record count from here. */
  onAnswered(atMs: number): void {
    this.#originMs = atMs;
  }

  /** A voiced caller frame whose packet came in at `receivedAtMs`. Hot path. */
  onVoicedFrame(receivedAtMs: number): void {
    this.#lastVoicedMs = receivedAtMs;
  }

  onEndOfTurn(atMs: number): void {
    this.#endOfTurnAtMs = atMs;
  }

  /** A flavor's own account of its stages; goes with the next response that starts, or the one being made. */
  onTiming(timing: TurnTiming): void {
    this.#timing = timing;
  }

  /** First audio of a response came from the flavor. */
  onResponseAudio(responseId: string, atMs: number): void {
    if (this.#open.has(responseId)) return;
    this.#open.set(responseId, {
      responseId,
      answersMs: this.#lastVoicedMs,
      endOfTurnMs: this.#endOfTurnAtMs,
      timing: this.#timing,
      firstAudioMs: atMs,
      startedMs: undefined,
      voicedMs: undefined,
    });
    // What was said before is answered now: a second response to the same words has no latency of its own.
    this.#lastVoicedMs = undefined;
    this.#endOfTurnAtMs = undefined;
    this.#timing = undefined;
  }

  onResponseStarted(responseId: string, atMs: number): void {
    const turn = this.#open.get(responseId);
    if (turn) turn.startedMs = atMs;
    this.#silentSinceMs = undefined;
  }

  /** The first audible packet of a response left. Returns `v2vMs` when the response answers something. */
  onResponseVoiced(responseId: string, atMs: number): number | undefined {
    const turn = this.#open.get(responseId);
    if (!turn || turn.voicedMs !== undefined) return undefined;
    turn.voicedMs = atMs;
    return turn.answersMs === undefined ? undefined : round(atMs - turn.answersMs);
  }

  onResponseEnded(responseId: string, atMs: number, heardMs: number, interrupted: boolean, heardText?: string): void {
    const turn = this.#open.get(responseId);
    if (!turn) return;
    this.#open.delete(responseId);
    if (turn.startedMs === undefined || this.#turns.length >= KEPT_TURNS) return;
    this.#turns.push({
      ...(turn.answersMs !== undefined &&
        turn.voicedMs !== undefined && { v2vMs: round(turn.voicedMs - turn.answersMs) }),
      stages: stagesOf(turn),
      interrupted,
      heardMs: round(heardMs),
      startedMs: round(turn.startedMs - this.#originMs),
      endedMs: round((interrupted ? (this.#silentSinceMs ?? atMs) : atMs) - this.#originMs),
      ...(heardText !== undefined && { heardText }),
    });
  }

  /** The host commands the agent to be silent. `onsetMs`: the caller's first voiced packet of it was received. */
  onSilenceCommanded(onsetMs: number, atMs: number): void {
    if (this.#bargeIn) return;
    this.#bargeIn = { onsetMs, commandedMs: atMs, silentMs: undefined, resumed: undefined };
  }

  /** The media plane's acknowledgement: nothing of the agent left after `atMs`. */
  onSilent(atMs: number): number | undefined {
    const bargeIn = this.#bargeIn;
    if (!bargeIn || bargeIn.silentMs !== undefined) return undefined;
    bargeIn.silentMs = atMs;
    this.#silentSinceMs = atMs;
    this.#closeBargeIn(bargeIn);
    return round(atMs - bargeIn.commandedMs);
  }

  /** The verdict on the onset. */
  onVerdict(resumed: boolean): void {
    const bargeIn = this.#bargeIn;
    if (!bargeIn) return;
    bargeIn.resumed = resumed;
    if (resumed) this.#silentSinceMs = undefined;
    this.#closeBargeIn(bargeIn);
  }

  turns(): readonly TurnRecord[] {
    return this.#turns;
  }

  bargeIns(): readonly BargeInRecord[] {
    return this.#bargeIns;
  }

  #closeBargeIn(bargeIn: OpenBargeIn): void {
    if (bargeIn.silentMs === undefined || bargeIn.resumed === undefined) return;
    this.#bargeIn = undefined;
    if (this.#bargeIns.length >= KEPT_TURNS) return;
    this.#bargeIns.push({
      onsetMs: round(bargeIn.onsetMs - this.#originMs),
      onsetToPauseMs: round(bargeIn.silentMs - bargeIn.onsetMs),
      decisionToSilenceMs: round(bargeIn.silentMs - bargeIn.commandedMs),
      resumed: bargeIn.resumed,
    });
  }
}

function stagesOf(turn: OpenTurn): TurnRecord['stages'] {
  const fromMs = turn.answersMs;
  const endOfTurnMs =
    turn.timing?.endOfTurnMs ??
    (fromMs === undefined || turn.endOfTurnMs === undefined ? undefined : turn.endOfTurnMs - fromMs);
  const firstAudioMs = fromMs === undefined ? turn.timing?.firstAudioMs : turn.firstAudioMs - fromMs;
  return {
    ...(endOfTurnMs !== undefined && { endOfTurnMs: round(endOfTurnMs) }),
    ...(turn.timing?.transcriptMs !== undefined && { transcriptMs: round(turn.timing.transcriptMs) }),
    ...(turn.timing?.firstTokenMs !== undefined && { firstTokenMs: round(turn.timing.firstTokenMs) }),
    ...(firstAudioMs !== undefined && { firstAudioMs: round(firstAudioMs) }),
    ...(turn.voicedMs !== undefined && { playoutMs: round(turn.voicedMs - turn.firstAudioMs) }),
  };
}

/** Tenths of a millisecond: finer is noise. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

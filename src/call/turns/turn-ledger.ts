import { dropOldest } from '../../base/drop-oldest.js';
import type { TurnTiming } from '../../flavor-api/index.js';
import type { BargeInRecord, TurnRecord } from '../../ops/call-record.js';

interface OpenTurn {
  readonly responseId: string;
  /** When the caller's last voiced packet before this response was received; absent if it answers nothing. */
  readonly answersMs: number | undefined;
  readonly endOfTurnMs: number | undefined;
  timing: TurnTiming | undefined;
  /** The timing came after the audio, so that it is its own; one that came before may be of a turn that got no answer. */
  timed: boolean;
  readonly firstAudioMs: number;
  startedMs: number | undefined;
  voicedMs: number | undefined;
  readonly tiers: TierNote[];
}

type TierNote = NonNullable<TurnRecord['tiers']>[number];

interface OpenBargeIn {
  onsetMs: number;
  readonly commandedMs: number;
  silentMs: number | undefined;
  resumed: boolean | undefined;
}

/** What the media plane says of a response that is over. */
export interface EndedResponse {
  readonly responseId: string;
  readonly state: 'finished' | 'interrupted';
  readonly sentMs: number;
  readonly atMs: number;
}

/** An answer whose first audible packet left. */
export interface VoicedTurn {
  readonly v2vMs: number;
  /** What is known of them by now; a flavor may tell more later. */
  readonly stages: TurnRecord['stages'];
}

/** Turns kept per call; a call of a day would otherwise grow without bound. Older ones are counted, not kept. */
const KEPT_TURNS = 2000;
/** Changes of tier kept of a turn, responses remembered that have not sounded, and characters of what flavors call them. */
const KEPT_TIERS = 20;
const KEPT_RESPONSES = 16;
const NAME_LENGTH = 64;
/** A day: no call is longer. */
const LONGEST_STAGE_MS = 86_400_000;

/**
 * Times of a call, all on the connector's own clock at its own socket: voice-to-voice latency per turn, its stages,
 * barge-ins. Arguments named `atMs` are {@link Clock.now} readings.
 */
export class TurnLedger {
  readonly #turns: TurnRecord[] = [];
  readonly #bargeIns: BargeInRecord[] = [];
  /** Made with the first response that is a turn. */
  #open: Map<string, OpenTurn> | undefined;
  /** The turn made last, while it is open. */
  #latest: OpenTurn | undefined;
  #originMs: number;
  #lastVoicedMs: number | undefined;
  #endOfTurnAtMs: number | undefined;
  #timing: TurnTiming | undefined;
  /** Of responses that have not sounded yet. */
  #tiers: Map<string, TierNote[]> | undefined;
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
    // The caller goes on: an end that nothing answered was none.
    this.#endOfTurnAtMs = undefined;
  }

  onEndOfTurn(atMs: number): void {
    this.#endOfTurnAtMs = atMs;
  }

  /** A flavor's own account of its stages; goes with the answer being made, or else with the next one. */
  onTiming(told: TurnTiming): void {
    const timing = plausible(told);
    const latest = this.#latest;
    const own = latest?.answersMs !== undefined && !latest.timed;
    // Once it is heard, what comes is of the turn after it, unless nothing came before.
    if (own && (latest.timing === undefined || latest.startedMs === undefined)) {
      latest.timing = timing;
      latest.timed = true;
    } else this.#timing = timing;
  }

  /** Who makes the audio of a response from here on, and why, or was asked for it in vain; as the flavor says. */
  onTier(responseId: string, { tier, reason, left }: TierNote): void {
    let notes = this.#open?.get(responseId)?.tiers ?? this.#tiers?.get(responseId);
    if (notes === undefined) {
      notes = [];
      this.#tiers ??= new Map();
      this.#tiers.set(responseId, notes);
      dropOldest(this.#tiers, KEPT_RESPONSES);
    }
    if (notes.length < KEPT_TIERS) {
      notes.push({
        tier: tier.slice(0, NAME_LENGTH),
        reason: reason.slice(0, NAME_LENGTH),
        ...(left !== undefined && { left: left.slice(0, NAME_LENGTH) }),
      });
    }
  }

  /** First audio of a response came from the flavor. */
  onResponseAudio(responseId: string, atMs: number): void {
    this.#open ??= new Map();
    if (this.#open.has(responseId)) return;
    const turn: OpenTurn = {
      responseId,
      answersMs: this.#lastVoicedMs,
      endOfTurnMs: this.#endOfTurnAtMs,
      timing: this.#timing,
      timed: false,
      firstAudioMs: atMs,
      startedMs: undefined,
      voicedMs: undefined,
      tiers: this.#tiers?.get(responseId) ?? [],
    };
    this.#tiers?.delete(responseId);
    this.#open.set(responseId, turn);
    this.#latest = turn;
    // What was said before is answered now: a second response to the same words has no latency of its own.
    this.#lastVoicedMs = undefined;
    this.#endOfTurnAtMs = undefined;
    this.#timing = undefined;
  }

  onResponseStarted(responseId: string, atMs: number): void {
    const turn = this.#open?.get(responseId);
    if (turn) turn.startedMs = atMs;
    this.#silentSinceMs = undefined;
  }

  /** The first audible packet of a response left. Returns its times when the response answers something. */
  onResponseVoiced(responseId: string, atMs: number): VoicedTurn | undefined {
    const turn = this.#open?.get(responseId);
    if (!turn || turn.voicedMs !== undefined) return undefined;
    turn.voicedMs = atMs;
    return turn.answersMs === undefined ? undefined : { v2vMs: round(atMs - turn.answersMs), stages: stagesOf(turn) };
  }

  onResponseEnded(ended: EndedResponse, heardText?: string): void {
    const { responseId, atMs, sentMs } = ended;
    const interrupted = ended.state === 'interrupted';
    const turn = this.#open?.get(responseId);
    if (!turn) return;
    this.#open?.delete(responseId);
    if (this.#latest === turn) this.#latest = undefined;
    if (turn.startedMs === undefined || this.#turns.length >= KEPT_TURNS) return;
    this.#turns.push({
      ...(turn.answersMs !== undefined &&
        turn.voicedMs !== undefined && { v2vMs: round(turn.voicedMs - turn.answersMs) }),
      stages: stagesOf(turn),
      ...(turn.tiers.length > 0 && { tiers: turn.tiers }),
      interrupted,
      heardMs: round(sentMs),
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

  /**
   * The onset that the agent is being silenced for is known more exactly: its first voiced packet was received then. Where a
   * first sign was quicker than the voice, it is the command: no time of a record is below 0.
   */
  onOnsetFound(onsetMs: number): void {
    const bargeIn = this.#bargeIn;
    if (bargeIn?.resumed === undefined && bargeIn) bargeIn.onsetMs = Math.min(onsetMs, bargeIn.commandedMs);
  }

  /** The media plane's acknowledgement: nothing of the agent left after `atMs`. The barge-in, if all of it is known. */
  onSilent(atMs: number): BargeInRecord | undefined {
    const bargeIn = this.#bargeIn;
    if (!bargeIn || bargeIn.silentMs !== undefined) return undefined;
    bargeIn.silentMs = atMs;
    if (bargeIn.resumed !== true) this.#silentSinceMs = atMs;
    return this.#closeBargeIn(bargeIn);
  }

  /** The verdict on the onset. The barge-in, if all of it is known. */
  onVerdict(resumed: boolean): BargeInRecord | undefined {
    const bargeIn = this.#bargeIn;
    if (!bargeIn) return undefined;
    bargeIn.resumed = resumed;
    if (resumed) this.#silentSinceMs = undefined;
    return this.#closeBargeIn(bargeIn);
  }

  turns(): readonly TurnRecord[] {
    return this.#turns;
  }

  bargeIns(): readonly BargeInRecord[] {
    return this.#bargeIns;
  }

  #closeBargeIn({ commandedMs, onsetMs, resumed, silentMs }: OpenBargeIn): BargeInRecord | undefined {
    if (silentMs === undefined || resumed === undefined) return undefined;
    this.#bargeIn = undefined;
    const record = {
      onsetMs: round(onsetMs - this.#originMs),
      onsetToPauseMs: round(silentMs - onsetMs),
      decisionToSilenceMs: round(silentMs - commandedMs),
      resumed,
    };
    if (this.#bargeIns.length < KEPT_TURNS) this.#bargeIns.push(record);
    return record;
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
    ...(turn.timing?.speculative !== undefined && { speculative: turn.timing.speculative }),
  };
}

/** What a flavor says of its times, without what is no time: readers of records take none with NaN or a text in it. */
function plausible({ endOfTurnMs, firstAudioMs, firstTokenMs, speculative, transcriptMs }: TurnTiming): TurnTiming {
  const times = Object.entries({ endOfTurnMs, firstAudioMs, firstTokenMs, transcriptMs }).flatMap(([name, ms]) =>
    // Before the caller's last sound: nobody waited for it.
    typeof ms === 'number' && Number.isFinite(ms) ? [[name, Math.min(Math.max(ms, 0), LONGEST_STAGE_MS)] as const] : [],
  );
  const known = speculative === 'hit' || speculative === 'miss';
  return { ...Object.fromEntries(times), ...(known && { speculative }) };
}

/** Tenths of a millisecond: finer is noise. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

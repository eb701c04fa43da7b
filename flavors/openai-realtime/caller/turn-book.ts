import type { Clock } from 'sip-voice-connector/cascade';
import type { FlavorEvent } from 'sip-voice-connector/flavor';
import type { RealtimeConfig } from '../config.js';
import type { ServerEvent } from '../protocol/server-event.js';
import { transcriptionUsageEvents } from '../protocol/usage.js';
import type { CallerAudio } from './caller-audio.js';
import { Transcripts } from './transcripts.js';
import { TurnTimer } from './turn-timer.js';

export interface TurnBookOptions {
  readonly transcription: RealtimeConfig['transcription'];
  readonly audio: CallerAudio;
  readonly clock: Clock;
  push(event: FlavorEvent): void;
}

/** Words that the service has, or should have, and that this end could not repeat: they would have to be heard again. */
interface Unsettled {
  readonly turnId: string;
  readonly fromMs: number;
  untilMs: number | undefined;
  admitted: boolean;
}

/** Turns that may be open: of those that a service begins and never ends the oldest is given up. */
const MAX_OPEN = 64;

/** What is known of the caller's turns, by the item of each: its words, its stages, and its sound for as long as it may be needed. */
export class TurnBook {
  readonly #options: TurnBookOptions;
  readonly #transcripts: Transcripts;
  readonly #timer: TurnTimer;
  /** By item; made with the first turn. */
  #unsettled: Map<string, Unsettled> | undefined;
  #turns = 0;
  /** Nothing before this needs to be heard again. */
  #settledUntilMs = 0;
  /** What was heard again from here on is not settled yet. */
  #replayedFromMs: number | undefined;
  /** Speech that no item stands for yet. */
  #underWayFromMs: number | undefined;

  constructor(options: TurnBookOptions) {
    this.#options = options;
    const { clock, push } = options;
    this.#transcripts = new Transcripts({ clock, push, onSettled: (itemId) => this.#settle(itemId) });
    this.#timer = new TurnTimer(this.#transcribes, push);
  }

  /** Words are still to come. */
  get pending(): boolean {
    return this.#unsettled !== undefined && this.#unsettled.size > 0;
  }

  /** From where the caller must be heard again by a service that knows of the dialogue what is in the history, ms. */
  get replayFromMs(): number {
    const kept = [...(this.#unsettled?.values() ?? [])].map(({ fromMs }) => fromMs);
    if (this.#replayedFromMs !== undefined) kept.push(this.#replayedFromMs);
    if (this.#underWayFromMs !== undefined) kept.push(this.#underWayFromMs);
    return kept.length > 0 ? Math.min(...kept) : this.#settledUntilMs;
  }

  /** Speech from `fromMs` on that no item stands for yet; `undefined`: there is none. */
  setUnderWay(fromMs: number | undefined): void {
    this.#underWayFromMs = fromMs;
    this.#hold();
  }

  /** Speech that will become an item. `fromMs`: with what is to be heard before it. */
  open(itemId: string, fromMs: number): void {
    this.#unsettled ??= new Map();
    if (this.#unsettled.has(itemId)) return;
    this.#turns += 1;
    const turnId = `turn-${this.#turns}`;
    this.#unsettled.set(itemId, { turnId, fromMs, untilMs: undefined, admitted: false });
    if (this.#transcribes) this.#transcripts.open(itemId, turnId);
    const [oldest] = this.#unsettled.keys();
    if (this.#unsettled.size > MAX_OPEN && oldest !== undefined) this.drop(oldest);
    this.#hold();
  }

  /** The item is complete. */
  complete(itemId: string, untilMs: number): void {
    const turn = this.#unsettled?.get(itemId);
    if (turn) turn.untilMs ??= untilMs;
  }

  /** The turn counts. `voicedUntilMs`: its last voiced sample, on the call's clock. */
  admit(itemId: string, voicedUntilMs: number): void {
    const turn = this.#unsettled?.get(itemId);
    if (!turn) return;
    turn.admitted = true;
    const nowMs = this.#options.clock.now();
    this.#timer.onTurn(turn.turnId, nowMs - (this.#options.audio.endMs - voicedUntilMs), nowMs);
    this.#transcripts.admit(itemId);
  }

  /** The turn was none. */
  drop(itemId: string): void {
    this.#transcripts.drop(itemId);
    this.#settle(itemId);
  }

  /** First audio of the answer. Where nothing is transcribed, what it answers is settled by it. */
  onAnswerAudio(): void {
    this.#timer.onAudio(this.#options.clock.now());
    if (this.#transcribes) return;
    for (const [itemId, { untilMs }] of this.#unsettled ?? []) if (untilMs !== undefined) this.#settle(itemId);
  }

  /** The answer is complete. */
  onAnswerDone(): void {
    this.#timer.flush();
  }

  onEvent(event: ServerEvent): void {
    const { transcription, push } = this.#options;
    if (transcription === 'off') return;
    if (event.type === 'caller-words') this.#transcripts.onWords(event.itemId, event.text, event.whole);
    if (event.type === 'caller-text-failed') this.#transcripts.onFailed(event.itemId);
    if (event.type !== 'caller-text') return;
    if (event.usage) for (const usage of transcriptionUsageEvents(event.usage, transcription.model)) push(usage);
    const turn = this.#unsettled?.get(event.itemId);
    if (turn) this.#timer.onTranscript(turn.turnId, this.#options.clock.now());
    this.#transcripts.onText(event.itemId, event.text);
  }

  /** The connection is gone. True: words were on it that are to be answered, and must be heard again for it. */
  onLost(): boolean {
    const again = [...(this.#unsettled?.values() ?? [])].some(({ admitted }) => admitted);
    if (this.pending) this.#replayedFromMs = this.replayFromMs;
    this.#transcripts.forget();
    this.#unsettled?.clear();
    return again;
  }

  close(): void {
    this.#transcripts.forget();
    this.#unsettled?.clear();
  }

  get #transcribes(): boolean {
    return this.#options.transcription !== 'off';
  }

  #settle(itemId: string): void {
    const turn = this.#unsettled?.get(itemId);
    if (!turn) return;
    this.#unsettled?.delete(itemId);
    this.#replayedFromMs = undefined;
    if (turn.untilMs !== undefined) this.#settledUntilMs = Math.max(this.#settledUntilMs, turn.untilMs);
    this.#hold();
  }

  #hold(): void {
    const needed = this.pending || this.#replayedFromMs !== undefined || this.#underWayFromMs !== undefined;
    this.#options.audio.hold(needed ? this.replayFromMs : undefined);
  }
}

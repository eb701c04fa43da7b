import type { CallerAudio } from './caller-audio.js';
import type { CallerTurns, CallerTurnsHandlers } from './caller-turns.js';
import { clearAudio, commitAudio } from './client-event.js';
import type { ServerEvent } from './server-event.js';
import type { TurnBook } from './turn-book.js';

export interface HostTurnsOptions {
  readonly audio: CallerAudio;
  readonly book: TurnBook;
}

/** Sent from before the onset: a detector hears vowels before it hears the consonant in front of them, ms. */
const PREROLL_MS = 300;
/** The service refuses to take less for a turn, ms. */
const LEAST_AUDIO_MS = 100;

/** The host's detector finds the turns: only what it takes for speech is sent, and committed when it says so. */
export class HostTurns implements CallerTurns {
  readonly #options: HostTurnsOptions;
  readonly #handlers: CallerTurnsHandlers;
  /** The stretch of speech under way, on the call's clock. */
  #turn: { readonly fromMs: number; voicedUntilMs: number | undefined; accepted: boolean } | undefined;
  /** Turns that were committed and not acknowledged, in order. */
  #committed: { readonly fromMs: number; readonly untilMs: number; readonly voicedUntilMs: number }[] = [];
  /** Of the connection's audio, what was committed or cleared, ms. */
  #spentMs = 0;

  constructor(options: HostTurnsOptions, handlers: CallerTurnsHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    options.audio.closeGate();
  }

  get busy(): boolean {
    return this.#turn?.accepted === true;
  }

  get underWayFromMs(): number | undefined {
    return this.#committed[0]?.fromMs ?? this.#turn?.fromMs;
  }

  onVoice(type: 'started' | 'stopped', positionMs: number): void {
    if (type === 'stopped') {
      if (this.#turn) this.#turn.voicedUntilMs = positionMs;
      return;
    }
    if (this.#turn) return;
    const fromMs = Math.max(0, positionMs - PREROLL_MS);
    this.#turn = { fromMs, voicedUntilMs: undefined, accepted: false };
    this.#options.audio.openGate(fromMs);
  }

  onOnset(verdict: 'accepted' | 'rejected'): void {
    const turn = this.#turn;
    if (!turn || turn.accepted) return;
    if (verdict === 'accepted') {
      turn.accepted = true;
      this.#handlers.onSpeech();
      return;
    }
    this.#turn = undefined;
    this.#options.audio.closeGate();
    this.#spentMs = this.#options.audio.sentMs;
    this.#handlers.send(clearAudio);
  }

  endTurn(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    const { audio } = this.#options;
    audio.closeGate();
    if (!turn) return;
    const untilMs = audio.endMs;
    this.#committed.push({ fromMs: turn.fromMs, untilMs, voicedUntilMs: turn.voicedUntilMs ?? untilMs });
    this.#commit();
  }

  onEvent(event: ServerEvent): void {
    if (event.type === 'committed') this.#onCommitted(event.itemId);
    else this.#options.book.onEvent(event);
  }

  onLost(againFromMs: number | undefined): void {
    this.#spentMs = 0;
    if (againFromMs === undefined) return;
    const untilMs = this.#options.audio.endMs;
    this.#committed.unshift({ fromMs: againFromMs, untilMs, voicedUntilMs: untilMs });
  }

  onReplaced(): void {
    this.#spentMs = 0;
    if (this.#committed.length === 0 || this.#turn) return;
    // It was complete before the connection was lost, or while there was none.
    this.#options.audio.openGate(this.#committed[0]?.fromMs ?? this.#options.audio.endMs);
    this.#options.audio.closeGate();
    this.#committed.splice(0, this.#committed.length - 1);
    this.#commit();
  }

  close(): void {
    this.#turn = undefined;
  }

  #commit(): void {
    const { audio } = this.#options;
    const freshMs = audio.sentMs - this.#spentMs;
    this.#spentMs = audio.sentMs;
    if (freshMs >= LEAST_AUDIO_MS) this.#handlers.send(commitAudio);
  }

  #onCommitted(itemId: string): void {
    const { book } = this.#options;
    const turn = this.#committed.shift();
    if (!turn) return;
    book.open(itemId, turn.fromMs);
    book.complete(itemId, turn.untilMs);
    book.admit(itemId, turn.voicedUntilMs);
    this.#handlers.onTurn();
  }
}

import { clearAudio, commitAudio } from '../protocol/client-event.js';
import { EMPTY_COMMIT, type WireError } from '../protocol/errors.js';
import type { ServerEvent } from '../protocol/server-event.js';
import type { CallerAudio } from './caller-audio.js';
import type { CallerTurns, CallerTurnsHandlers } from './caller-turns.js';
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
  /** Turns that are complete and not acknowledged, in order. */
  #complete: { readonly fromMs: number; readonly untilMs: number; readonly voicedUntilMs: number }[] = [];
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

  onVoice(type: 'started' | 'stopped', positionMs: number): void {
    if (type === 'stopped') {
      if (this.#turn) this.#turn.voicedUntilMs = positionMs;
      return;
    }
    if (this.#turn) return;
    const fromMs = Math.max(0, positionMs - PREROLL_MS);
    this.#turn = { fromMs, voicedUntilMs: undefined, accepted: false };
    this.#keep();
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
    this.#keep();
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
    this.#complete.push({ fromMs: turn.fromMs, untilMs, voicedUntilMs: turn.voicedUntilMs ?? untilMs });
    // Without a connection the next one hears it first.
    if (audio.attached) this.#commit();
  }

  onEvent(event: ServerEvent): void {
    if (event.type === 'committed') this.#onCommitted(event.itemId);
    else this.#options.book.onEvent(event);
  }

  /** Of a turn that the service finds too short nothing comes; what it acknowledges next is the one after it. */
  onError({ code }: WireError): void {
    if (code !== EMPTY_COMMIT) return;
    this.#complete.shift();
    this.#keep();
  }

  onLost(againFromMs: number | undefined): void {
    this.#spentMs = 0;
    if (againFromMs === undefined) return;
    const untilMs = this.#options.audio.endMs;
    this.#complete.unshift({ fromMs: againFromMs, untilMs, voicedUntilMs: untilMs });
    this.#keep();
  }

  onReplaced(): void {
    this.#spentMs = 0;
    const [first] = this.#complete;
    const last = this.#complete.at(-1);
    if (!first || !last) return;
    this.#complete = [];
    if (this.#turn) {
      // The gate is open, and all of it has gone out before what is being said now: it is one turn.
      this.#turn = { ...this.#turn, fromMs: first.fromMs, accepted: true };
      return;
    }
    this.#options.audio.openGate(first.fromMs);
    this.#options.audio.closeGate();
    this.#complete = [{ ...last, fromMs: first.fromMs }];
    this.#commit();
  }

  close(): void {
    this.#turn = undefined;
  }

  /** Commits what the service has been sent of the latest turn; too little of it is no turn. */
  #commit(): void {
    const { sentMs } = this.#options.audio;
    const enough = sentMs - this.#spentMs >= LEAST_AUDIO_MS;
    if (enough) this.#spentMs = sentMs;
    else this.#complete.pop();
    this.#keep();
    if (enough) this.#handlers.send(commitAudio);
  }

  /** What the service has not acknowledged may have to be said again. */
  #keep(): void {
    this.#options.book.setUnderWay(this.#complete[0]?.fromMs ?? this.#turn?.fromMs);
  }

  #onCommitted(itemId: string): void {
    const { book } = this.#options;
    const turn = this.#complete.shift();
    if (!turn) return;
    book.open(itemId, turn.fromMs);
    book.complete(itemId, turn.untilMs);
    this.#keep();
    book.admit(itemId, turn.voicedUntilMs);
    this.#handlers.onTurn();
  }
}

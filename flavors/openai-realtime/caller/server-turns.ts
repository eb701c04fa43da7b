import { Alarm, type Clock } from 'sip-voice-connector/cascade';
import type { FlavorEvent } from 'sip-voice-connector/flavor';
import type { RealtimeConfig } from '../config.js';
import { deleteItem } from '../protocol/client-event.js';
import type { ServerEvent } from '../protocol/server-event.js';
import type { CallerAudio } from './caller-audio.js';
import type { CallerTurns, CallerTurnsHandlers } from './caller-turns.js';
import type { TurnBook } from './turn-book.js';
import { type TurnDecision, TurnGate } from './turn-gate.js';

export interface ServerTurnsOptions {
  readonly config: Pick<RealtimeConfig, 'turnDetection' | 'dialect'>;
  readonly audio: CallerAudio;
  readonly book: TurnBook;
  readonly clock: Clock;
  push(event: FlavorEvent): void;
}

/** Ends of stretches that are remembered: a service that never decides on any does not fill the memory. */
const KEPT_ENDS = 64;
/** Sound that goes on for longer than this keeps no answer back that is owed for earlier words, ms. */
const LONGEST_WAIT_MS = 5_000;

/** The service's detector finds the turns; the host's verdict decides which of them count. */
export class ServerTurns implements CallerTurns {
  readonly #options: ServerTurnsOptions;
  readonly #handlers: CallerTurnsHandlers;
  readonly #gate = new TurnGate();
  readonly #patience: Alarm;
  /** The service counts its own waiting into where speech begins and ends. */
  readonly #paddingMs: number;
  readonly #silenceMs: number;
  /** Ends of stretches, by item: last voiced sample, on the call's clock. */
  #voicedUntilMs: Map<string, number> | undefined;

  constructor(options: ServerTurnsOptions, handlers: CallerTurnsHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#patience = new Alarm(options.clock);
    const { turnDetection } = options.config;
    this.#paddingMs = turnDetection.type === 'server_vad' ? turnDetection.prefixPaddingMs : 0;
    this.#silenceMs = turnDetection.type === 'server_vad' ? turnDetection.silenceDurationMs : 0;
  }

  get busy(): boolean {
    return this.#gate.undecided && this.#patience.pending;
  }

  onVoice(type: 'started' | 'stopped', positionMs: number): void {
    this.#gate.onVoice(type, positionMs);
  }

  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): void {
    const decisions = this.#gate.onOnset(verdict, positionMs);
    // The interruption that a verdict causes follows it at once, and comes before the answer.
    if (decisions.length > 0) queueMicrotask(() => this.#act(decisions));
  }

  endTurn(): void {
    // The service says when a turn is over.
  }

  onEvent(event: ServerEvent): void {
    switch (event.type) {
      case 'speech-started':
        this.#onStarted(event.itemId, event.atMs);
        return;
      case 'speech-stopped':
        this.#onStopped(event.itemId, event.atMs);
        return;
      case 'committed':
        this.#onCommitted(event.itemId);
        return;
      case 'item-added':
        // A server that transcribes first has the words in its conversation only now.
        if (this.#options.config.dialect === 'beta' && this.#voicedUntilMs?.has(event.itemId))
          this.#onPresent(event.itemId);
        return;
      default:
        this.#options.book.onEvent(event);
    }
  }

  onLost(): void {
    this.#gate.forgetStretches();
    this.#voicedUntilMs?.clear();
    this.#patience.clear();
    this.#options.audio.heard(false);
  }

  onReplaced(): void {
    // What is left to be heard goes to the service as it did before.
  }

  close(): void {
    this.#patience.clear();
  }

  #onStarted(itemId: string, atMs: number): void {
    const { audio, book, push } = this.#options;
    audio.heard(true);
    const fromMs = audio.positionOf(atMs);
    const voicedFromMs = Math.min(fromMs + this.#paddingMs, audio.endMs);
    book.open(itemId, fromMs);
    this.#gate.onSpeechStarted(itemId, voicedFromMs);
    this.#patience.set(LONGEST_WAIT_MS, () => this.#handlers.onFree());
    push({ type: 'speech-started', positionMs: voicedFromMs });
    this.#handlers.onSpeech();
  }

  #onStopped(itemId: string, atMs: number): void {
    const { audio, book, push } = this.#options;
    audio.heard(false);
    const untilMs = audio.positionOf(atMs);
    const voicedUntilMs = Math.max(0, untilMs - this.#silenceMs);
    book.complete(itemId, untilMs);
    this.#noteEnd(itemId, voicedUntilMs);
    this.#gate.onSpeechStopped(itemId, voicedUntilMs);
    push({ type: 'speech-stopped', positionMs: voicedUntilMs });
  }

  #onCommitted(itemId: string): void {
    const { audio, book, config } = this.#options;
    book.open(itemId, audio.endMs);
    book.complete(itemId, audio.endMs);
    if (!this.#voicedUntilMs?.has(itemId)) this.#noteEnd(itemId, audio.endMs);
    if (config.dialect === 'ga') this.#onPresent(itemId);
  }

  #noteEnd(itemId: string, voicedUntilMs: number): void {
    this.#voicedUntilMs ??= new Map();
    this.#voicedUntilMs.set(itemId, voicedUntilMs);
    const [oldest] = this.#voicedUntilMs.keys();
    if (this.#voicedUntilMs.size > KEPT_ENDS && oldest !== undefined) this.#voicedUntilMs.delete(oldest);
  }

  #onPresent(itemId: string): void {
    this.#act(this.#gate.onPresent(itemId, this.#options.audio.endMs));
  }

  #act(decisions: readonly TurnDecision[]): void {
    const { book } = this.#options;
    for (const { type, itemId } of decisions) {
      const voicedUntilMs = this.#voicedUntilMs?.get(itemId) ?? this.#options.audio.endMs;
      this.#voicedUntilMs?.delete(itemId);
      if (type === 'answer') {
        book.admit(itemId, voicedUntilMs);
      } else {
        this.#handlers.send(deleteItem(itemId));
        book.drop(itemId);
      }
    }
    if (decisions.length === 0) return;
    if (!this.#gate.undecided) this.#patience.clear();
    if (decisions.some(({ type }) => type === 'answer')) this.#handlers.onTurn();
    else this.#handlers.onFree();
  }
}

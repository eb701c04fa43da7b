import { bytesPerMs, type FlavorError } from '../../flavor-api/index.js';
import { EventStream } from '../stages/event-stream.js';
import type { TextToSpeechEvent, TextToSpeechUtterance } from '../stages/text-to-speech.js';
import { asFlavorError, mayBeTakenOver } from './candidates.js';
import { restOfPiece } from './seam.js';
import { SpeechWatch } from './speech-watch.js';
import type { EngineDesk, SpeakingEngine } from './text-to-speech.js';

/** What one engine says of an utterance. */
interface Part {
  readonly speaker: SpeakingEngine;
  readonly inner: TextToSpeechUtterance;
  /** Number in the utterance of its first piece. */
  readonly from: number;
  /** What it says in place of that piece: the rest of it. */
  readonly first: string | undefined;
  /** Audio of the utterance before it, ms. */
  readonly startMs: number;
}

/** Engines that fail one after the other are not asked for ever. */
const MAX_PARTS = 5;

/**
 * One utterance, whoever speaks it. Pieces are kept until they have been said; when an engine fails, the next is given
 * the rest of the piece under way and what comes behind it. Audio that was handed on stays: it is in the caller's ear.
 */
export class FailOverUtterance implements TextToSpeechUtterance {
  readonly #desk: EngineDesk;
  readonly #signal: AbortSignal;
  readonly #events = new EventStream<TextToSpeechEvent>();
  readonly #pieces: string[] = [];
  readonly #watch: SpeechWatch;
  #part: Part | undefined;
  #parts = 0;
  #finished = false;
  /** The newest piece that has begun, and where its audio begins in the utterance, ms. */
  #piece = -1;
  #pieceStartMs = 0;
  /** Audio handed on, ms. */
  #spokenMs = 0;

  constructor(desk: EngineDesk, signal: AbortSignal) {
    this.#desk = desk;
    this.#signal = signal;
    this.#watch = new SpeechWatch(desk.clock, desk.options, (error) => {
      if (this.#part) this.#onFailure(this.#part, error, 0);
    });
    if (signal.aborted) this.#end(undefined);
    else signal.addEventListener('abort', this.#onAbort, { once: true });
    if (desk.current) this.#speak(desk.current, 0);
    else void this.#findSpeaker(undefined, 0);
  }

  get events(): AsyncIterable<TextToSpeechEvent> {
    return this.#events;
  }

  append(piece: string): void {
    if (this.#finished || this.#events.ended) return;
    this.#pieces.push(piece);
    this.#part?.inner.append(piece);
    this.#watchIfOwed();
  }

  finish(): void {
    if (this.#finished || this.#events.ended) return;
    this.#finished = true;
    this.#part?.inner.finish();
    this.#watchIfOwed();
  }

  cancel(): void {
    this.#end(undefined);
  }

  readonly #onAbort = (): void => this.#end(undefined);

  #speak(speaker: SpeakingEngine, from: number, first?: string): void {
    if (this.#events.ended) return;
    const inner = speaker.session.begin();
    const part: Part = { speaker, inner, from, first, startMs: this.#spokenMs };
    this.#part = part;
    this.#parts += 1;
    this.#watch.restart();
    for (let piece = from; piece < this.#pieces.length; piece += 1) inner.append(this.#textOf(part, piece));
    if (this.#finished) inner.finish();
    this.#watchIfOwed();
    void this.#follow(part);
  }

  /** What a part was given as that piece. */
  #textOf(part: Part, piece: number): string {
    return (piece === part.from ? part.first : undefined) ?? this.#pieces[piece] ?? '';
  }

  async #follow(part: Part): Promise<void> {
    for await (const event of part.inner.events) {
      if (this.#part !== part) return;
      this.#take(part, event);
    }
  }

  #take(part: Part, event: TextToSpeechEvent): void {
    switch (event.type) {
      case 'audio': {
        if (this.#piece < part.from) this.#enter(part, part.from);
        const durationMs = event.data.length / bytesPerMs(this.#desk.output);
        this.#spokenMs += durationMs;
        this.#watch.heard(durationMs);
        this.#watchIfOwed();
        this.#events.push(event);
        return;
      }
      case 'piece':
        this.#enter(part, part.from + event.index);
        return;
      case 'word':
        this.#events.push({ ...event, atMs: event.atMs + part.startMs });
        return;
      case 'end':
        if (event.error) this.#onFailure(part, event.error, event.spokenPieces);
        else this.#end(undefined);
        return;
      default:
        this.#events.push(event);
    }
  }

  #enter(part: Part, piece: number): void {
    if (piece <= this.#piece) return;
    const before = this.#pieces[this.#piece];
    // Only a piece that this engine said as a whole, and alone, tells how fast it speaks.
    const whole = this.#piece > part.from || (this.#piece === part.from && part.startMs === this.#pieceStartMs);
    if (before !== undefined && whole && piece === this.#piece + 1) {
      part.speaker.pace.learn(before, this.#spokenMs - this.#pieceStartMs);
    }
    this.#piece = piece;
    this.#pieceStartMs = this.#spokenMs;
    this.#events.push({ type: 'piece', index: piece });
    // What is owed now is another piece.
    this.#watch.settled();
    this.#watchIfOwed();
  }

  #watchIfOwed(): void {
    const part = this.#part;
    if (!part || this.#events.ended) return;
    if (this.#owesAudio(part)) this.#watch.owed();
    else this.#watch.settled();
  }

  /** An engine that takes text as it comes may wait for the rest of a sentence, once it has begun. */
  #owesAudio({ speaker, startMs }: Part): boolean {
    if (this.#pieces.length === 0) return false;
    if (this.#finished || this.#spokenMs === startMs) return true;
    return speaker.engine.capabilities.text === 'sentence' && this.#piece < this.#pieces.length - 1;
  }

  /** @param spoken pieces that the engine says it has told to their end, counted from its own first */
  #onFailure(part: Part, error: FlavorError, spoken: number): void {
    if (this.#events.ended) return;
    this.#part = undefined;
    this.#watch.restart();
    part.inner.cancel();
    const { from, first } = this.#place(part, spoken);
    if (this.#parts >= MAX_PARTS || !mayBeTakenOver(error, this.#signal)) {
      this.#end(error, from);
      return;
    }
    this.#events.push({ type: 'warning', error });
    void this.#findSpeaker(part.speaker, from, first);
  }

  /** Where the utterance goes on: the piece, and what is left of it. */
  #place(part: Part, spoken: number): { readonly from: number; readonly first: string | undefined } {
    const whole = part.from + spoken;
    if (spoken > 0 && this.#piece < whole) return { from: whole, first: undefined };
    // Nothing of the part was heard: what it was given is still to be said.
    if (this.#spokenMs === part.startMs) return { from: part.from, first: part.first };
    let piece = Math.max(this.#piece, part.from);
    let saidMs = this.#spokenMs - Math.max(this.#pieceStartMs, part.startMs);
    if (part.speaker.engine.capabilities.text === 'stream') {
      // It may have gone on to later pieces without a word.
      for (; piece < this.#pieces.length - 1; piece += 1) {
        const lastsMs = part.speaker.pace.durationMs(this.#textOf(part, piece));
        if (saidMs <= lastsMs) break;
        saidMs -= lastsMs;
      }
    }
    return { from: piece, first: restOfPiece(this.#textOf(part, piece), saidMs, part.speaker.pace) };
  }

  async #findSpeaker(failed: SpeakingEngine | undefined, from: number, first?: string): Promise<void> {
    try {
      this.#speak(await this.#desk.another(failed), from, first);
    } catch (error) {
      if (this.#signal.aborted) this.#end(undefined);
      else this.#end(asFlavorError(error), from);
    }
  }

  #end(
    error: FlavorError | undefined,
    spokenPieces = this.#finished ? this.#pieces.length : Math.max(0, this.#piece),
  ): void {
    if (this.#events.ended) return;
    const part = this.#part;
    this.#part = undefined;
    this.#watch.settled();
    this.#signal.removeEventListener('abort', this.#onAbort);
    part?.inner.cancel();
    this.#events.push({ type: 'end', spokenPieces, ...(error && { error }) });
  }
}

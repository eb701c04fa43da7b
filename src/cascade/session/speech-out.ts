import { Alarm } from '../../base/alarm.js';
import type { Clock } from '../../base/clock.js';
import { FlavorError, type FlavorEvent } from '../../flavor-api/index.js';
import { restOfPiece, type SpeechPace } from '../fail-over/seam.js';
import { asFlavorError, timeoutError } from '../stages/stage-error.js';
import type {
  TextToSpeechCapabilities,
  TextToSpeechEvent,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from '../stages/text-to-speech.js';
import { SpokenText, type TextCue } from '../text/spoken-text.js';

/** A call's voice, and what goes with it. */
export interface VoiceParts {
  readonly session: TextToSpeechSession;
  readonly capabilities: TextToSpeechCapabilities;
  /** Written text to text that can be spoken; empty: there is nothing to be said. */
  speakable(text: string): string;
  readonly bytesPerMs: number;
  readonly clock: Clock;
  /** From a piece to its audio, ms. */
  readonly timeoutMs: number;
  /** How fast it speaks, as far as the call has heard. */
  readonly pace: SpeechPace;
  /** Utterances that have not said their last word, also those that were cancelled: what they have used. */
  readonly unsettled: Set<Promise<void>>;
  push(event: FlavorEvent): void;
}

export interface SpeechHandlers {
  /** Its first audio has gone out. */
  onFirstAudio(): void;
  /** Nothing more goes out. With an error: not all of it was said. Not called after `cancel`. */
  onEnd(error: FlavorError | undefined): void;
}

interface Piece {
  readonly written: string;
  readonly spoken: string;
}

/** Requests under way at engines that take one for each piece. */
const MAX_REQUESTS = 2;

/** One response on its way from pieces of text to the host: audio, and the text that goes with it. */
export class SpeechOut {
  readonly responseId: string;
  readonly #voice: VoiceParts;
  readonly #handlers: SpeechHandlers;
  readonly #spoken: SpokenText;
  readonly #patience: Alarm;
  #utterance: TextToSpeechUtterance | undefined;
  /** Pieces that wait for their turn. */
  readonly #waiting: Piece[] = [];
  /** Pieces that the present utterance was given; its first is number `#base` of the response. */
  #given: Piece[] = [];
  #base = 0;
  #current = 0;
  /** Audio before the present piece, ms. */
  #pieceFromMs = 0;
  /** Audio before the present utterance, and all so far, ms. */
  #baseMs = 0;
  #audioMs = 0;
  /** Text of which nothing can be said: it goes with the next. */
  #carry = '';
  #text = '';
  #toldUntilMs = 0;
  #finished = false;
  #retried = false;
  #over = false;

  constructor(responseId: string, voice: VoiceParts, handlers: SpeechHandlers) {
    this.responseId = responseId;
    this.#voice = voice;
    this.#handlers = handlers;
    this.#spoken = new SpokenText(voice.capabilities.wordTimes);
    this.#patience = new Alarm(voice.clock);
  }

  /** The host has been given some of it. */
  get emitted(): boolean {
    return this.#audioMs > 0;
  }

  /** There is something to be said, or was. */
  get speaks(): boolean {
    return this.#utterance !== undefined;
  }

  /** The text that the host has been given. */
  get text(): string {
    return this.#text;
  }

  /** The next piece, as it was written. */
  say(written: string): void {
    if (this.#over || this.#finished) return;
    const text = this.#carry + written;
    const spoken = this.#voice.speakable(text).trim();
    this.#carry = spoken === '' ? text : '';
    if (spoken === '') return;
    const [first = '', ...rest] = split(spoken, this.#voice.capabilities.maxCharacters);
    this.#waiting.push({ written: text, spoken: first }, ...rest.map((part) => ({ written: '', spoken: part })));
    this.#pump();
  }

  /** No piece follows. */
  finish(): void {
    if (this.#over || this.#finished) return;
    this.#finished = true;
    if (this.#utterance === undefined) this.#end(undefined);
    else this.#pump();
  }

  /** Stops at once: nothing follows. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#patience.clear();
    this.#utterance?.cancel();
  }

  #pump(): void {
    if (this.#over) return;
    while (this.#waiting.length > 0 && this.#hasRoom) this.#give(this.#nextPiece());
    if (this.#finished && this.#waiting.length === 0) this.#utterance?.finish();
  }

  /** Who takes text as it comes may not say where a piece begins: nothing waits for that. */
  get #streams(): boolean {
    return (this.#utterance?.takes ?? this.#voice.capabilities.text) === 'stream';
  }

  get #hasRoom(): boolean {
    if (this.#streams) return true;
    return this.#given.length - Math.max(0, this.#current - this.#base) < MAX_REQUESTS;
  }

  /** What waits is said in as few requests as it takes; only the first piece is kept short. */
  #nextPiece(): Piece {
    let { written, spoken } = this.#waiting.shift() ?? { written: '', spoken: '' };
    if (this.#streams) return { written, spoken };
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (spoken.length + 1 + next.spoken.length > this.#voice.capabilities.maxCharacters) break;
      this.#waiting.shift();
      written += next.written;
      spoken += ` ${next.spoken}`;
    }
    return { written, spoken };
  }

  #give(piece: Piece): void {
    this.#spoken.append(piece.written, piece.spoken);
    this.#given.push(piece);
    this.#utterance ??= this.#begin();
    this.#patience.set(this.#voice.timeoutMs, () => this.#onSilence());
    this.#utterance.append(piece.spoken);
  }

  #begin(): TextToSpeechUtterance {
    const { session, unsettled } = this.#voice;
    const utterance = session.begin();
    const reading = this.#read(utterance).finally(() => unsettled.delete(reading));
    unsettled.add(reading);
    return utterance;
  }

  async #read(utterance: TextToSpeechUtterance): Promise<void> {
    try {
      for await (const event of utterance.events) this.#onEvent(utterance, event);
    } catch (error) {
      if (!this.#over && utterance === this.#utterance)
        this.#onFailure(asFlavorError(error), this.#current - this.#base);
    }
  }

  #onEvent(utterance: TextToSpeechUtterance, event: TextToSpeechEvent): void {
    // What was used is used, whoever still listens.
    if (event.type === 'usage') this.#voice.push(event);
    if (this.#over || utterance !== this.#utterance) return;
    switch (event.type) {
      case 'audio':
        this.#onAudio(event.data);
        return;
      case 'piece':
        this.#enter(this.#base + event.index);
        this.#tell(this.#spoken.onPiece(this.#current));
        this.#pump();
        return;
      case 'word':
        this.#tell(this.#spoken.onWord(event.text, this.#baseMs + event.atMs));
        return;
      case 'tier': {
        this.#voice.push({ ...event, responseId: this.responseId });
        return;
      }
      case 'warning':
        this.#voice.push(event);
        return;
      case 'end':
        if (event.error) this.#onFailure(event.error, event.spokenPieces);
        else if (!this.emitted) this.#onFailure(silent(), 0);
        else this.#end(undefined);
        return;
      default:
    }
  }

  #enter(piece: number): void {
    const before = this.#given[this.#current - this.#base];
    // One that is followed by the next was said whole.
    if (before && piece === this.#current + 1 && !this.#retried) {
      this.#voice.pace.learn(before.spoken, this.#audioMs - this.#pieceFromMs);
    }
    this.#current = piece;
    this.#pieceFromMs = this.#audioMs;
  }

  #onAudio(data: Uint8Array): void {
    if (data.length === 0) return;
    const first = !this.emitted;
    const durationMs = data.length / this.#voice.bytesPerMs;
    this.#patience.clear();
    this.#tell(this.#spoken.onAudio(durationMs));
    this.#audioMs += durationMs;
    this.#voice.push({ type: 'audio', responseId: this.responseId, data });
    if (first) this.#handlers.onFirstAudio();
    // Another engine may have taken over, and take more at once.
    if (this.#waiting.length > 0) this.#pump();
  }

  #tell(cues: readonly TextCue[]): void {
    for (const { text, atMs } of cues) {
      this.#text += text;
      if (atMs !== undefined) this.#toldUntilMs = Math.max(this.#toldUntilMs, atMs);
      const at = atMs === undefined ? {} : { atMs: this.#toldUntilMs };
      this.#voice.push({ type: 'text', responseId: this.responseId, text, ...at });
    }
  }

  #onSilence(): void {
    this.#utterance?.cancel();
    const error = timeoutError('the voice said nothing', this.#voice.timeoutMs);
    this.#onFailure(error, Math.max(0, this.#current - this.#base));
  }

  /** The engine broke off: once, the rest is asked for again, from the word on that was under way. */
  #onFailure(error: FlavorError, spokenPieces: number): void {
    this.#patience.clear();
    const saidMs = this.#current - this.#base === spokenPieces ? this.#audioMs - this.#pieceFromMs : 0;
    const rest = this.#given.slice(Math.max(0, spokenPieces));
    if (rest.length === 0 && this.#waiting.length === 0 && this.#finished) {
      this.#end(undefined);
      return;
    }
    if (!error.retryable || this.#retried) {
      this.#end(error);
      return;
    }
    this.#retried = true;
    this.#voice.push({ type: 'warning', error });
    this.#base += this.#given.length - rest.length;
    this.#current = this.#base;
    this.#baseMs = this.#audioMs;
    this.#given = rest;
    const utterance = this.#begin();
    this.#utterance = utterance;
    if (rest.length > 0) this.#patience.set(this.#voice.timeoutMs, () => this.#onSilence());
    for (const [index, { spoken }] of rest.entries()) {
      utterance.append(index === 0 && saidMs > 0 ? restOfPiece(spoken, saidMs, this.#voice.pace) : spoken);
    }
    this.#pump();
  }

  #end(error: FlavorError | undefined): void {
    this.#over = true;
    this.#patience.clear();
    if (this.emitted) {
      if (!error) this.#tell([...this.#spoken.end(), ...(this.#carry.trim() === '' ? [] : [{ text: this.#carry }])]);
      const { responseId } = this;
      const text = this.#text.trim();
      if (text !== '') this.#voice.push({ type: 'transcript', role: 'agent', turnId: responseId, text, final: true });
      this.#voice.push({ type: 'audio-done', responseId });
    }
    this.#handlers.onEnd(error);
  }
}

function silent(): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', 'the voice made no sound of what it was given', true);
}

/** Parts of at most `limit` characters, cut between words where that is possible. */
function split(text: string, limit: number): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const blank = rest.lastIndexOf(' ', limit);
    const end = blank > 0 ? blank : limit;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest === '' ? parts : [...parts, rest];
}

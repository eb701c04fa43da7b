import { type AudioFormat, bytesPerMs, bytesPerSample, type FlavorError } from '../../../flavor-api/index.js';
import { EventStream } from '../../stages/event-stream.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { TextToSpeechEvent, TextToSpeechUtterance } from '../../stages/text-to-speech.js';

/** What an utterance asks of the line that speaks it. */
export interface SpeakDesk {
  append(utterance: SpeakUtterance, index: number, piece: string): void;
  finish(utterance: SpeakUtterance): void;
  cancel(utterance: SpeakUtterance): void;
  /**
   * Gives it up like `cancel`, and resolves once what was used for it has been told. `undefined`: there is nothing to wait
   * for.
   */
  abandon?(utterance: SpeakUtterance): Promise<void> | undefined;
}

const MAX_EVENT_MS = 2_000;

/** One answer: pieces in, audio out. */
export class SpeakUtterance implements TextToSpeechUtterance {
  readonly events = new EventStream<TextToSpeechEvent>();
  readonly #desk: SpeakDesk;
  readonly #identity: StageIdentity;
  readonly #maxBytes: number;
  readonly #sampleBytes: number;
  #pieces = 0;
  #spokenPieces = 0;
  #characters = 0;
  /** Half a sample that waits for its other half: chunks end where the network likes. */
  #rest: Uint8Array = new Uint8Array(0);
  #piece = -1;
  #cancelled = false;
  finished = false;

  constructor(desk: SpeakDesk, identity: StageIdentity, format: AudioFormat) {
    this.#desk = desk;
    this.#identity = identity;
    this.#maxBytes = MAX_EVENT_MS * bytesPerMs(format);
    this.#sampleBytes = bytesPerSample(format.encoding);
  }

  get spokenPieces(): number {
    return this.#spokenPieces;
  }

  append(piece: string): void {
    if (this.finished || this.events.ended) return;
    const index = this.#pieces;
    this.#pieces += 1;
    if (piece.trim() !== '') this.#desk.append(this, index, piece.trim());
  }

  finish(): void {
    if (this.finished || this.events.ended) return;
    this.finished = true;
    this.#desk.finish(this);
  }

  cancel(): void {
    if (this.events.ended || this.#cancelled) return;
    this.finished = true;
    this.#cancelled = true;
    const settled = this.#desk.abandon?.(this);
    if (settled === undefined) {
      this.end();
      this.#desk.cancel(this);
    } else void settled.then(() => this.end());
  }

  /** Text went to the provider, which charges for it: `characters` as it counts them. */
  sent(characters: number): void {
    this.#characters += characters;
  }

  /** Audio of the pieces from `index` on. */
  audio(bytes: Uint8Array, index: number): void {
    if (index !== this.#piece) {
      this.#piece = index;
      this.events.push({ type: 'piece', index });
    }
    const data = this.#whole(bytes);
    for (let at = 0; at < data.length; at += this.#maxBytes) {
      this.events.push({ type: 'audio', data: data.subarray(at, at + this.#maxBytes) });
    }
  }

  /** Nothing more is to come: everything was spoken, pieces without a word included. */
  complete(): void {
    this.#spokenPieces = this.#pieces;
    this.end();
  }

  /** All pieces before `count` have come whole. */
  spoken(count: number): void {
    this.#spokenPieces = count;
    this.#rest = new Uint8Array(0);
  }

  end(error?: FlavorError): void {
    const { provider, model } = this.#identity;
    if (this.#characters > 0) {
      this.events.push({ type: 'usage', provider, model, unit: 'characters', quantity: this.#characters });
      this.#characters = 0;
    }
    this.events.push({ type: 'end', spokenPieces: this.#spokenPieces, ...(error !== undefined && { error }) });
  }

  #whole(bytes: Uint8Array): Uint8Array {
    if (this.#sampleBytes === 1) return bytes;
    const joined = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = joined.length - (joined.length % this.#sampleBytes);
    this.#rest = joined.slice(whole);
    return joined.subarray(0, whole);
  }
}

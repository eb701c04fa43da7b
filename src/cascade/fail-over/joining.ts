import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';
import { TakeOver } from '../seam/take-over.js';
import { placeByLetters, type WordPlace, wordPlaces } from '../seam/word-places.js';
import type { TextToSpeechEvent } from '../stages/text-to-speech.js';
import { samplesOf } from './piece-sound.js';
import { type Rest, restBySound, type SpeechPace } from './seam.js';

/** Until another voice says something, ms; and how far past the place it must have come. */
const OPEN_MS = 300;
const PAST_MS = 650;
/** Events of another voice that are kept until the place is found: its audio alone would be bounded by what broke off. */
const MOST_EVENTS = 5_000;

/** So far the place that the sounds say and the one that the letters say may lie apart, ms. */
const APART_MS = 300;
/** Where they do not agree, so much more of the new voice is heard before they are asked again, ms. */
const MORE_MS = 120;

/** What is said at a place of an utterance's audio. */
export type Said = Extract<TextToSpeechEvent, { readonly type: 'audio' | 'piece' | 'word' }>;

/** What broke off: a piece, its sound so far, and what of it cannot be taken back. */
export interface BrokenOff {
  /** What was given as the piece; of an engine that says nothing of where pieces begin, those that follow too. */
  readonly texts: readonly string[];
  readonly samples: Int16Array;
  readonly saidMs: number;
  /** Where the piece begins in the utterance's audio, ms. */
  readonly startMs: number;
  readonly pace: SpeechPace;
}

/** A voice says again what another broke off, and is listened to until it has come past that place. */
export class Joining {
  readonly broken: BrokenOff;
  readonly #format: AudioFormat;
  readonly #takeOver: TakeOver;
  readonly #said: Said[] = [];
  #heardMs = 0;
  /** Until so much has been heard the place is doubted, ms. */
  #doubtedMs = 0;
  /** The place that was doubted first, ms of the new voice's sound. */
  #doubted: number | undefined;
  /** Where the words of what broke off begin in its sound. */
  #words: readonly WordPlace[] | undefined;

  constructor(broken: BrokenOff, format: AudioFormat) {
    this.broken = broken;
    this.#format = format;
    this.#takeOver = new TakeOver(broken.samples, format.sampleRate, broken.saidMs);
  }

  /** The old voice is left here, ms of its sound. */
  get leaveMs(): number {
    return this.#takeOver.leaveMs;
  }

  /** What is still to be said: the first of the texts that is not over, and what is left of it. */
  rest(): Rest {
    const { leaveMs, inGap } = this.#takeOver;
    const { texts, samples, pace } = this.broken;
    return restBySound(texts, samples, this.#format, { leaveMs, inGap }, pace);
  }

  /** No more is kept: the place is not found. */
  get full(): boolean {
    return this.#said.length >= MOST_EVENTS;
  }

  /** More of the new voice. */
  push(event: Said): void {
    this.#said.push(event);
    if (event.type !== 'audio') return;
    this.#heardMs += event.data.length / bytesPerMs(this.#format);
    this.#takeOver.push(samplesOf(event.data, this.#format));
  }

  /**
   * Where the new voice is to be entered, ms of its sound: see {@link TakeOver.find}. Sounds that are alike come again and
   * again in a text: until the new voice has come past the place, they are believed where the letters say about the same;
   * if those never do, the first place is taken.
   */
  find(over: boolean): number | 'unlike' | undefined {
    if (this.full) return 'unlike';
    const sure = over || this.#takeOver.past;
    if (!sure && this.#heardMs < this.#doubtedMs) return undefined;
    const found = this.#takeOver.find(over);
    if (typeof found !== 'number' || (sure && this.#doubted === undefined)) return found;
    const byLetters = this.#placeByLetters();
    if (byLetters !== undefined && Math.abs(found - byLetters) < APART_MS) return found;
    // A word said twice is better than one lost.
    if (sure) return Math.min(found, this.#doubted ?? found);
    this.#doubted ??= found;
    this.#doubtedMs = this.#heardMs + MORE_MS;
    return undefined;
  }

  /**
   * The same where there is no time to hear more of the new voice: see {@link TakeOver.findNow}. A place that is far behind
   * the one of the letters is not taken: words may be lost between them.
   */
  findNow(): number | 'unlike' {
    const found = this.full ? 'unlike' : this.#takeOver.findNow();
    if (found === 'unlike') return found;
    return found - (this.#placeByLetters() ?? found) < APART_MS ? found : 'unlike';
  }

  #placeByLetters(): number | undefined {
    const { texts, samples, pace } = this.broken;
    const text = texts.join(' ');
    const wordsOf = (sound: Int16Array) => wordPlaces(text, sound, this.#format.sampleRate, 1 / pace.rate);
    this.#words ??= wordsOf(samples);
    const audio = this.#said.flatMap((event) => (event.type === 'audio' ? [event.data] : []));
    return placeByLetters(this.#words, wordsOf(samplesOf(Buffer.concat(audio), this.#format)), this.leaveMs);
  }

  /** What the new voice has said, with what of its audio lies behind `enterMs`. */
  *from(enterMs: number): Generator<{ readonly event: Said; readonly heard: Uint8Array | undefined }> {
    const sampleBytes = this.#format.encoding === 'pcm16' ? 2 : 1;
    const enter = Math.round((enterMs * this.#format.sampleRate) / 1_000) * sampleBytes;
    let at = 0;
    for (const event of this.#said) {
      if (event.type === 'word' && event.atMs < enterMs) continue;
      if (event.type !== 'audio') {
        // The piece that is said again has begun already.
        if (event.type === 'word' || event.index > 0) yield { event, heard: undefined };
        continue;
      }
      const skipped = Math.max(0, Math.min(event.data.length, enter - at));
      at += event.data.length;
      yield { event, heard: event.data.subarray(skipped) };
    }
  }

  /**
   * How long it takes about until the new voice has come past the place, at so many times the speed of speech, ms.
   *
   * @param saidMs what it has said already; absent: it is not open yet
   */
  waitMs(speed: number, saidMs?: number): number {
    const opensMs = saidMs === undefined ? OPEN_MS : 0;
    return opensMs + Math.max(0, this.leaveMs + PAST_MS - (saidMs ?? 0)) / speed;
  }
}

import type { Steps } from '../../base/steps.js';
import { type AudioFormat, bytesPerMs, FlavorError } from '../../flavor-api/index.js';
import { type LeftVoice, TakeOver } from '../seam/take-over.js';
import { placeByLetters, type WordPlace, wordPlaces } from '../seam/word-places.js';
import type { TextToSpeechEvent } from '../stages/text-to-speech.js';
import { samplesOf } from './piece-sound.js';
import { type Rest, restBySound, type SpeechPace } from './seam.js';

/** Until another voice says something, ms; and how far past the place it must have come. */
const OPEN_MS = 300;
const PAST_MS = 650;
/** Engines speak so many times as fast as they are listened to. */
const SPEEDS = { least: 1.1, most: 8 } as const;
/** Events of another voice that are kept until the place is found: its audio alone would be bounded by what broke off. */
const MOST_EVENTS = 5_000;

/** So far the place that the sounds say and the one that the letters say may lie apart, ms. */
const APART_MS = 300;
/** Where they do not agree, so much more of the new voice is heard before they are asked again, ms. */
const MORE_MS = 120;

/** What is said at a place of an utterance's audio. */
export type Said = Extract<TextToSpeechEvent, { readonly type: 'audio' | 'piece' | 'word' }>;

/** What is listened to in one step, ms. */
const STEP_MS = 100;

/** What broke off: a piece, its sound so far, and where that is left. */
export interface BrokenOff {
  /** What was given as the piece; of an engine that says nothing of where pieces begin, those that follow too. */
  readonly texts: readonly string[];
  readonly samples: Int16Array;
  readonly left: LeftVoice;
  /** Where the piece begins in the utterance's audio, ms. */
  readonly startMs: number;
  readonly pace: SpeechPace;
}

/** Where an utterance goes on. */
export interface Place {
  readonly from: number;
  readonly first?: string | undefined;
  /** The piece is said again from its beginning, and entered where this was left. */
  readonly broken?: BrokenOff | undefined;
}

/** With the rest of what was said from `piece` on. */
export function restFrom(piece: number, { index, text }: Rest): Place {
  return { from: piece + index, first: text };
}

/** A voice says again what another broke off, and is listened to until it has come past that place. */
export class Joining {
  readonly broken: BrokenOff;
  readonly #format: AudioFormat;
  readonly #takeOver: TakeOver;
  readonly #said: Said[] = [];
  #heardMs = 0;
  /** Audio of what was said that has not been listened to, and the samples that have. */
  readonly #unheard: Uint8Array[] = [];
  #samples = new Int16Array(0);
  #length = 0;
  /** Until so much has been heard the place is doubted, ms. */
  #doubtedMs = 0;
  /** The place that was doubted first, ms of the new voice's sound. */
  #doubted: number | undefined;
  /** Where the words of what broke off begin in its sound. */
  #words: readonly WordPlace[] | undefined;

  constructor(broken: BrokenOff, format: AudioFormat) {
    this.broken = broken;
    this.#format = format;
    this.#takeOver = new TakeOver(broken.left, format.sampleRate);
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
    this.#unheard.push(event.data);
  }

  /**
   * Where the new voice is to be entered, ms of its sound: see {@link TakeOver.find}. Sounds that are alike come again and
   * again in a text: until the new voice has come past the place, they are believed where the letters say about the same;
   * if those never do, the first place is taken.
   */
  *find(over: boolean): Steps<number | 'unlike' | undefined> {
    if (this.full) return 'unlike';
    yield* this.#listen();
    const sure = over || this.#takeOver.past;
    if (!sure && this.#heardMs < this.#doubtedMs) return undefined;
    const found = yield* this.#takeOver.find(over);
    if (typeof found !== 'number' || (sure && this.#doubted === undefined)) return found;
    const byLetters = yield* this.#placeByLetters();
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
  *findNow(): Steps<number | 'unlike'> {
    if (this.full) return 'unlike';
    yield* this.#listen();
    const found = yield* this.#takeOver.findNow();
    if (found === 'unlike') return found;
    return found - ((yield* this.#placeByLetters()) ?? found) < APART_MS ? found : 'unlike';
  }

  /** Listens to what has come, as far as anything is to be learnt of it. */
  *#listen(): Steps<void> {
    const most = Math.ceil((this.#takeOver.mostMs * this.#format.sampleRate) / 1_000);
    const stepBytes = STEP_MS * bytesPerMs(this.#format);
    for (const data of this.#unheard.splice(0)) {
      for (let at = 0; at < data.length && this.#length < most; at += stepBytes) {
        this.#take(samplesOf(data.subarray(at, at + stepBytes), this.#format));
        yield;
      }
    }
  }

  #take(samples: Int16Array): void {
    if (this.#length + samples.length > this.#samples.length) {
      const larger = new Int16Array(2 * (this.#length + samples.length));
      larger.set(this.#samples.subarray(0, this.#length));
      this.#samples = larger;
    }
    this.#samples.set(samples, this.#length);
    this.#length += samples.length;
    this.#takeOver.push(samples);
  }

  *#placeByLetters(): Steps<number | undefined> {
    const { texts, samples, left, pace } = this.broken;
    const [text, { sampleRate }, letterMs] = [texts.join(' '), this.#format, 1 / pace.rate];
    this.#words ??= yield* wordPlaces(text, samples, sampleRate, letterMs);
    const own = yield* wordPlaces(text, this.#samples.subarray(0, this.#length), sampleRate, letterMs);
    return placeByLetters(this.#words, own, left.leaveMs);
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
}

/** What is still to be said of what broke off: the first of its texts that is not over, and what is left of it. */
export function restOf({ texts, samples, left, pace }: BrokenOff, format: AudioFormat): Rest {
  return restBySound(texts, samples, format, left, pace);
}

/** How far an engine has come: its audio so far, ms, and when the first and the last of it came. */
export interface Progress {
  audioMs: number;
  firstAtMs: number;
  lastAtMs: number;
}

/** How many times as fast as it is listened to an engine speaks. */
export function speedOf({ audioMs, firstAtMs, lastAtMs }: Readonly<Progress>): number {
  return Math.max(SPEEDS.least, Math.min(SPEEDS.most, audioMs / Math.max(1, lastAtMs - firstAtMs)));
}

/**
 * How long it takes about until a new voice has come past the place, at so many times the speed of speech, ms.
 *
 * @param saidMs what it has said already; absent: it is not open yet
 */
export function waitMs({ leaveMs }: LeftVoice, speed: number, saidMs?: number): number {
  const opensMs = saidMs === undefined ? OPEN_MS : 0;
  return opensMs + Math.max(0, leaveMs + PAST_MS - (saidMs ?? 0)) / speed;
}

/** Where the search itself goes wrong. */
export function searchFailed(cause: unknown): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', 'the search for the place of a seam failed', true, { cause });
}

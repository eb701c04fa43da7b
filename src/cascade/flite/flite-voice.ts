import { type Clock, createSystemClock } from '../../base/clock.js';
import { FliteThread } from './flite-thread.js';
import { PhraseCache } from './phrase-cache.js';
import { speakableText, splitIntoPieces } from './speakable-text.js';
import type { Synthesis } from './synthesise.mjs';
import { estimateWordTimes, type SpokenWord } from './word-times.js';

/** The voices inside the package. `awb_time` can only tell the time; `kal` is `kal16` at half the bandwidth. */
export const fliteVoices = ['kal', 'awb_time', 'kal16', 'awb', 'rms', 'slt'] as const;

/** A voice of {@link fliteVoices}: `kal`, `awb` and `rms` are male, `slt` is female. English all. */
export type FliteVoiceName = (typeof fliteVoices)[number];

/** Of the offline voice. */
export interface FliteVoiceOptions {
  readonly voice: FliteVoiceName;
  /** Memory for pieces of text spoken before, ms of speech; 32 bytes each. 0 keeps none. */
  readonly cacheMs: number;
  /** A piece of text (about 160 characters) that takes longer fails with `ERR_SPEECH`, ms. */
  readonly pieceTimeoutMs: number;
  readonly clock: Clock;
  /** The thread's code; another one is of use to tests only. */
  readonly workerUrl: URL;
}

/** What is not said otherwise: a minute of speech is kept (2 MB). */
export const fliteVoiceDefaults = {
  cacheMs: 60_000,
  pieceTimeoutMs: 20_000,
} as const satisfies Partial<FliteVoiceOptions>;

/** Speech for one text. The memory is the receiver's own. */
export interface FliteSpeech {
  /** Mono. Empty when there was nothing to say. */
  readonly pcm: Int16Array;
  readonly sampleRate: 16_000;
  /** Every word of the text as it was read (see `speakableText`), with estimated times that never decrease. */
  readonly words: readonly SpokenWord[];
}

/** A voice that needs no network and no key. */
export interface FliteVoice extends AsyncDisposable {
  readonly voice: FliteVoiceName;
  /**
   * Speaks `text`; several requests are served in order, piece by piece. Rejects with `ERR_SPEECH` when synthesis fails
   * (the next request gets a fresh thread) or the voice was disposed of, and with the signal's reason when aborted.
   */
  speak(text: string, signal?: AbortSignal): Promise<FliteSpeech>;
}

const SAMPLE_RATE = 16_000;

/**
 * Makes a voice with a thread of its own (about 100 MB once it has spoken), which starts with the first request, keeps
 * no process alive while idle, and ends with `Symbol.asyncDispose`. One voice serves any number of calls.
 */
export function createFliteVoice(options: Pick<FliteVoiceOptions, 'voice'> & Partial<FliteVoiceOptions>): FliteVoice {
  return new ThreadedFliteVoice({
    ...fliteVoiceDefaults,
    clock: options.clock ?? createSystemClock(),
    workerUrl: options.workerUrl ?? new URL('./flite-worker.mjs', import.meta.url),
    ...options,
  });
}

class ThreadedFliteVoice implements FliteVoice {
  readonly voice: FliteVoiceName;
  readonly #thread: FliteThread;
  readonly #cache: PhraseCache;

  constructor(options: FliteVoiceOptions) {
    this.voice = options.voice;
    this.#cache = new PhraseCache((options.cacheMs * SAMPLE_RATE) / 1000);
    this.#thread = new FliteThread({
      clock: options.clock,
      jobTimeoutMs: options.pieceTimeoutMs,
      workerUrl: options.workerUrl,
    });
  }

  async speak(text: string, signal?: AbortSignal): Promise<FliteSpeech> {
    signal?.throwIfAborted();
    const pieces = splitIntoPieces(speakableText(text));
    const spoken: Synthesis[] = [];
    for (const piece of pieces) spoken.push(await this.#piece(piece, signal));
    return join(pieces, spoken);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }

  async #piece(text: string, signal: AbortSignal | undefined): Promise<Synthesis> {
    const known = this.#cache.get(text);
    if (known !== undefined) return known;
    const speech = await this.#thread.run(this.voice, text, signal);
    this.#cache.set(text, speech);
    return speech;
  }
}

function join(pieces: readonly string[], spoken: readonly Synthesis[]): FliteSpeech {
  const pcm = new Int16Array(spoken.reduce((sum, { pcm }) => sum + pcm.length, 0));
  const words: SpokenWord[] = [];
  let at = 0;
  for (const [i, speech] of spoken.entries()) {
    const pieceMs = (at / SAMPLE_RATE) * 1000;
    for (const { text, startMs } of estimateWordTimes(pieces[i] ?? '', speech.utterances)) {
      words.push({ text, startMs: Math.round(pieceMs + startMs) });
    }
    pcm.set(speech.pcm, at);
    at += speech.pcm.length;
  }
  return { pcm, sampleRate: SAMPLE_RATE, words };
}

import { decodeMulaw, encodeMulaw } from '../../../../src/audio/g711.js';
import { createResampler } from '../../../../src/audio/resampler.js';
import { parseWav } from '../../../../src/audio/wav-parse.js';
import type { Clock } from '../../../../src/base/clock.js';
import type { Hypothesis } from '../../../../src/cascade/engines/whisper/hypothesis.js';
import type { WhisperQuestion, WhisperServer } from '../../../../src/cascade/engines/whisper/server.js';
import { speak8k, wordTimes } from '../../../support/speech.js';

/** No two stretches of it sound alike. */
const SENTENCES = [
  'well I was calling about the order that I placed with you on Monday morning because the parcel was opened when it arrived',
  'and two of the bottles were broken so the carpet of my neighbour is red now and he would like to have it cleaned',
  'which I think is fair but it should really be you who pays for all of that and not me or what would you say',
  'my number is four four four seven seven one and the other one is nine nine nine nine two two and I am at home until six',
];
/** Less of a word is nothing, more of it is all of it, and Whisper makes another word of what lies between. */
const NOTHING = 0.3;
const ALL = 0.75;

/** A caller who never pauses: words, and when each of them is said. */
export interface UnbrokenSpeech {
  /** 8 kHz. */
  readonly samples: Int16Array;
  readonly words: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
}

/** Synthetic speech without a pause: some 27 s. */
export async function speakUnbroken(): Promise<UnbrokenSpeech> {
  const parts: Int16Array[] = [];
  const words: UnbrokenSpeech['words'][number][] = [];
  let lengthMs = 0;
  for (const text of SENTENCES) {
    const spoken = await speak8k(text);
    const loud = (sample: number): boolean => Math.abs(sample) > 600;
    const fromMs = spoken.findIndex(loud) / 8;
    const untilMs = spoken.findLastIndex(loud) / 8;
    parts.push(spoken.subarray(fromMs * 8, untilMs * 8));
    const times = await wordTimes(text);
    for (const [index, word] of times.entries()) {
      const endMs = Math.min(times[index + 1]?.startMs ?? untilMs, untilMs);
      const startMs = Math.max(word.startMs, fromMs);
      words.push({ text: word.text, startMs: lengthMs + startMs - fromMs, endMs: lengthMs + endMs - fromMs });
    }
    lengthMs += untilMs - fromMs;
  }
  const samples = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { samples, words };
}

export interface AlignedWhisperOptions {
  readonly speech: UnbrokenSpeech;
  readonly clock: Clock;
  /** Of the recordings, Hz. Default: 16000. */
  readonly sampleRate?: number;
  /** From the request to its answer, ms. */
  readonly serverMs: number;
  /** Hears a word wrong, which it may hear right in the next recording. */
  readonly mishears?: (word: number, recording: number) => boolean;
}

/** A server that knows when each word was said: it answers with those that a recording holds, and with bits of those at its edges. */
export class AlignedWhisper implements WhisperServer {
  /** Length of each recording, ms. */
  readonly recordings: number[] = [];
  readonly #options: AlignedWhisperOptions;
  readonly #sampleRate: number;
  /** All that was said, as it comes out of the call. */
  readonly #all: Buffer;

  constructor(options: AlignedWhisperOptions) {
    this.#options = options;
    this.#sampleRate = options.sampleRate ?? 16_000;
    const { samples } = options.speech;
    const bytes = new Uint8Array(samples.length);
    encodeMulaw(samples, bytes);
    const heard = new Int16Array(samples.length);
    decodeMulaw(bytes, heard);
    this.#all = bytesOf(createResampler(8_000, this.#sampleRate).process(heard));
  }

  transcribe({ wav }: WhisperQuestion, _: (text: string) => void, signal: AbortSignal): Promise<Hypothesis> {
    return this.understand(parseWav(wav, 'recording').samples, signal);
  }

  /** @param samples a stretch of what was said */
  async understand(samples: Int16Array, signal: AbortSignal): Promise<Hypothesis> {
    const { clock, serverMs, speech, mishears } = this.#options;
    const durationMs = (samples.length * 1_000) / this.#sampleRate;
    const recording = this.recordings.push(durationMs);
    const fromMs = this.#placeOf(samples);
    const untilMs = fromMs + durationMs;
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, serverMs));
    signal.throwIfAborted();
    const words = speech.words.flatMap(({ text, startMs, endMs }, index) => {
      const share = (Math.min(endMs, untilMs) - Math.max(startMs, fromMs)) / (endMs - startMs);
      if (share < NOTHING) return [];
      const wrong = mishears?.(index, recording) === true;
      return share < ALL || wrong ? [`${text.slice(0, Math.ceil(text.length / 2))}oo`] : [text];
    });
    const text = words.join(' ');
    return { text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.` };
  }

  async probe(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Where they stand in all that was said, ms. */
  #placeOf(samples: Int16Array): number {
    const [skipped, known] = [8_000, 200];
    const at = this.#all.indexOf(bytesOf(samples.subarray(skipped, skipped + known)));
    if (at < 0) throw new Error('this was never said');
    return ((at / 2 - skipped) * 1_000) / this.#sampleRate;
  }
}

function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.slice().buffer);
}

import type { Clock } from '../../../src/base/clock.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/flite/flite-voice.js';
import { type Speech, SpokenTexts, type Synthesise } from '../openai-realtime/speech.js';
import { resample } from '../openai-realtime/wire-format.js';

export interface FakeVoiceOptions {
  /** Of the offline voice. */
  readonly voice: FliteVoiceName;
  /** Makes the speech instead of it: `toneVoice`, where nobody listens. */
  readonly synthesise?: Synthesise;
  /** What comes out, Hz. */
  readonly sampleRate: number;
  /** How long the machine works on a second of speech, s; 0: no time. 0.5 is a good GPU, 3 a laptop without one. */
  readonly realTimeFactor: number;
  /** What each request takes besides, ms. */
  readonly overheadMs: number;
  /** Servers that stream send speech in pieces of this length as they are made, ms. Absent: a whole sentence at a time. */
  readonly pieceMs?: number;
  readonly clock: Clock;
}

export const fakeVoiceDefaults = {
  voice: 'slt',
  sampleRate: 24_000,
  realTimeFactor: 0,
  overheadMs: 0,
} as const satisfies Omit<FakeVoiceOptions, 'clock'>;

/** Speech that a machine has made. */
export interface MadeSpeech {
  /** Mono. */
  readonly samples: Int16Array;
  readonly sampleRate: number;
  /** Each word with the time its sound begins, ms. The wire does not carry them: they are for tests. */
  readonly words: Speech['words'];
  readonly durationMs: number;
}

/**
 * The voice of all fakes of speech servers: natural speech, which takes the machine as long as a real one would need.
 * Texts are spoken once and remembered, so that the time it takes is the one that was asked for.
 */
export class FakeVoice implements AsyncDisposable {
  readonly options: FakeVoiceOptions;
  readonly #texts: SpokenTexts;
  #flite: FliteVoice | undefined;

  constructor(options: Partial<FakeVoiceOptions> & Pick<FakeVoiceOptions, 'clock'>) {
    this.options = { ...fakeVoiceDefaults, ...options };
    const { clock, voice, synthesise } = this.options;
    this.#texts = new SpokenTexts(
      synthesise ??
        ((text, signal) => {
          this.#flite ??= createFliteVoice({ voice, clock });
          return this.#flite.speak(text, signal);
        }),
    );
  }

  /** The speech for `text`, in no time beyond what the offline voice needs. */
  async speech(text: string): Promise<MadeSpeech> {
    const { pcm, sampleRate, words } = await this.#texts.speech(text);
    const samples = resample(pcm, sampleRate, this.options.sampleRate);
    const durationMs = (samples.length / this.options.sampleRate) * 1000;
    return { samples, sampleRate: this.options.sampleRate, words, durationMs };
  }

  /** How long the machine works on it, ms. */
  workMs({ durationMs }: MadeSpeech): number {
    return this.options.overheadMs + durationMs * this.options.realTimeFactor;
  }

  /** Makes it: resolves when the machine is done. @throws `signal.reason` */
  async make(text: string, signal: AbortSignal): Promise<MadeSpeech> {
    const startedAtMs = this.options.clock.now();
    const speech = await this.speech(text);
    const leftMs = startedAtMs + this.workMs(speech) - this.options.clock.now();
    await passed(leftMs, this.options.clock, signal);
    return speech;
  }

  /** Makes texts one after the other, each handed on as soon as a server that streams would. @throws `signal.reason` */
  async *stream(texts: readonly string[], signal: AbortSignal): AsyncGenerator<Int16Array, void, undefined> {
    const { clock, pieceMs, realTimeFactor, overheadMs } = this.options;
    for (const text of texts) {
      if (pieceMs === undefined) {
        yield (await this.make(text, signal)).samples;
        continue;
      }
      const beganAtMs = clock.now();
      const { samples, sampleRate } = await this.speech(text);
      const step = Math.round((pieceMs * sampleRate) / 1_000);
      for (let at = 0; at < samples.length; at += step) {
        const to = Math.min(samples.length, at + step);
        const dueMs = beganAtMs + overheadMs + ((to * 1_000) / sampleRate) * realTimeFactor;
        await passed(dueMs - clock.now(), clock, signal);
        yield samples.subarray(at, to);
      }
    }
  }

  /** Speaks texts before they are asked for. */
  async warm(texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.speech(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flite?.[Symbol.asyncDispose]();
  }
}

/** Resolves after `ms`; at once where that is not more than 0. @throws `signal.reason` */
export function passed(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (ms <= 0) return resolve();
    const onAbort = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

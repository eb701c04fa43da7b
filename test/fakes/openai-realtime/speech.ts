import type { SpokenWord } from '../../../src/cascade/index.js';
import { bytesPerMs, encodeAudio, type WireFormat } from './wire-format.js';

/** Speech for a text. */
export interface Speech {
  /** Mono. */
  readonly pcm: Int16Array;
  readonly sampleRate: number;
  /** Every word with the time its sound begins, ms; never decreasing. */
  readonly words: readonly SpokenWord[];
}

/** A voice: text in, speech out. */
export type Synthesise = (text: string, signal?: AbortSignal) => Promise<Speech>;

/** Speech as it goes over the wire. */
export interface WireSpeech {
  readonly bytes: Uint8Array;
  readonly bytesPerMs: number;
  readonly words: readonly SpokenWord[];
}

/** Spoken texts, made once and kept for all sessions: a sentence costs a tenth of a second of processor time. */
export class SpokenTexts {
  readonly #synthesise: Synthesise;
  readonly #speeches = new Map<string, Promise<Speech>>();
  readonly #encoded = new Map<string, Promise<WireSpeech>>();

  constructor(synthesise: Synthesise) {
    this.#synthesise = synthesise;
  }

  /** The speech for `text`. Rejects as the voice does; a failure is not kept. */
  speech(text: string): Promise<Speech> {
    return kept(this.#speeches, text, () => this.#synthesise(text));
  }

  /** The same in the session's output format. */
  encoded(text: string, format: WireFormat): Promise<WireSpeech> {
    return kept(this.#encoded, `${format.type}:${text}`, async () => {
      const { pcm, sampleRate, words } = await this.speech(text);
      return { bytes: encodeAudio(pcm, sampleRate, format), bytesPerMs: bytesPerMs(format), words };
    });
  }
}

function kept<Value>(cache: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  return made;
}

/** The words of `words` whose sound had begun before `untilMs`, as text. */
export function wordsUntil(words: readonly SpokenWord[], untilMs: number): string {
  return words
    .filter(({ startMs }) => startMs < untilMs)
    .map(({ text }) => text)
    .join(' ');
}

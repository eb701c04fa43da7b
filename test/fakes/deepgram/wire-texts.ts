import { type Speech, SpokenTexts, type Synthesise } from '../openai-realtime/speech.js';
import { encodeAudio, type FakeAudioFormat } from './audio-format.js';

/** Spoken texts as they go over the wire, each made once for all connections. */
export class WireTexts {
  readonly #spoken: SpokenTexts;
  readonly #leadMs: number;
  readonly #encoded = new Map<string, Promise<Uint8Array>>();

  /** @param leadMs silence before each. */
  constructor(synthesise: Synthesise, leadMs: number) {
    this.#spoken = new SpokenTexts(synthesise);
    this.#leadMs = leadMs;
  }

  speech(text: string): Promise<Speech> {
    return this.#spoken.speech(text);
  }

  /** Rejects as the voice does; a failure is not kept. */
  encoded(text: string, format: FakeAudioFormat): Promise<Uint8Array> {
    const key = `${format.encoding}:${format.sampleRate}:${text}`;
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    const made = this.#make(text, format);
    this.#encoded.set(key, made);
    made.catch(() => this.#encoded.delete(key));
    return made;
  }

  async #make(text: string, format: FakeAudioFormat): Promise<Uint8Array> {
    const { pcm, sampleRate } = await this.#spoken.speech(text);
    const lead = new Int16Array(Math.round((this.#leadMs * sampleRate) / 1000));
    const padded = new Int16Array(lead.length + pcm.length);
    padded.set(pcm, lead.length);
    return encodeAudio(padded, sampleRate, format);
  }
}

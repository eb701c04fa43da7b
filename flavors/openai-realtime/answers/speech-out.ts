import type { FlavorEvent } from 'sip-voice-connector/flavor';
import type { Spoken } from './spoken.js';

export interface SpeechOutOptions {
  readonly bytesPerMs: number;
  readonly bytesPerSample: 1 | 2;
  push(event: FlavorEvent): void;
}

/** Audio goes out in chunks of at most this length, ms: half of what the contract allows. */
const CHUNK_MS = 1_000;

/** Speech on its way to the host: whole samples, chunks that are not too long, and nothing before the call is answered. */
export class SpeechOut {
  readonly #options: SpeechOutOptions;
  readonly #held: { readonly spoken: Spoken; readonly event: FlavorEvent }[] = [];
  /** A sample's first byte whose second has not come. */
  readonly #halves = new WeakMap<Spoken, Buffer>();
  #open = false;
  #cut: Spoken | undefined;

  constructor(options: SpeechOutOptions) {
    this.#options = options;
  }

  /** The call is answered: what was made ready goes out. */
  open(): void {
    this.#open = true;
    for (const { spoken, event } of this.#held.splice(0)) this.#emit(spoken, event);
  }

  /** What there is of the response waits for the call to be answered. */
  holds(spoken: Spoken): boolean {
    return this.#held.some((each) => each.spoken === spoken);
  }

  /** What was made ready and did not go out never will. */
  discard(spoken: Spoken): void {
    if (!this.holds(spoken)) return;
    spoken.emitted = false;
    const kept = this.#held.filter((each) => each.spoken !== spoken);
    this.#held.splice(0, this.#held.length, ...kept);
  }

  /** Returns the bytes that went out. */
  audio(spoken: Spoken, base64: string): number {
    const { bytesPerMs, bytesPerSample } = this.#options;
    const received = Buffer.from(base64, 'base64');
    const bytes = bytesPerSample === 1 ? received : this.#wholeSamples(spoken, received, bytesPerSample);
    const chunkBytes = CHUNK_MS * bytesPerMs;
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      const data = bytes.length <= chunkBytes ? bytes : bytes.subarray(start, start + chunkBytes);
      this.#emit(spoken, { type: 'audio', responseId: spoken.responseId, data });
    }
    return bytes.length;
  }

  /** With what was left of a sample the last time, and without what is left of one now. */
  #wholeSamples(spoken: Spoken, received: Buffer, bytesPerSample: number): Buffer {
    const half = this.#halves.get(spoken);
    const bytes = half ? Buffer.concat([half, received]) : received;
    const rest = bytes.length % bytesPerSample;
    if (rest === 0) {
      if (half) this.#halves.delete(spoken);
      return bytes;
    }
    this.#halves.set(spoken, Buffer.from(bytes.subarray(bytes.length - rest)));
    return bytes.subarray(0, bytes.length - rest);
  }

  /** Words of one of its messages: the first of another message stand apart from what was said before them. */
  words(spoken: Spoken, itemId: string, words: string): void {
    const glued = spoken.wordsOf !== itemId && /\S$/.test(spoken.text) && /^\S/.test(words);
    const text = glued ? ` ${words}` : words;
    spoken.wordsOf = itemId;
    spoken.text += text;
    this.#emit(spoken, { type: 'text', responseId: spoken.responseId, text });
  }

  /**
   * The response was cut off by a fault, and another is to go on from there. It stays open until that one begins: so the
   * host knows that the caller waits in the middle of an answer, and should the session fail, that it was cut off.
   */
  cutOff(spoken: Spoken): void {
    this.#cut = spoken;
  }

  /** The response is complete: what it said, and that there is no more of it. Of one that was given up the host knows. */
  done(spoken: Spoken): void {
    this.#endCut(spoken);
    const { responseId, text } = spoken;
    if (!spoken.emitted || spoken.dropped) return;
    if (text.trim() !== '') {
      const turn = { role: 'agent', turnId: responseId, text: text.trim(), final: true } as const;
      this.#emit(spoken, { type: 'transcript', ...turn });
    }
    this.#emit(spoken, { type: 'audio-done', responseId });
  }

  #endCut(next: Spoken): void {
    const cut = this.#cut;
    if (!cut || cut === next) return;
    this.#cut = undefined;
    this.done(cut);
  }

  #emit(spoken: Spoken, event: FlavorEvent): void {
    this.#endCut(spoken);
    spoken.emitted = true;
    if (this.#open) this.#options.push(event);
    else this.#held.push({ spoken, event });
  }
}

import type { AudioFormat } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { TextToSpeechSession, TextToSpeechUtterance } from '../../stages/text-to-speech.js';
import { type SpeakDesk, SpeakUtterance } from './speak-utterance.js';

/** What speaks the utterances of one call. */
export interface SpokenLine extends SpeakDesk {
  /** The call is over: what the line knows of ends. */
  close(): void;
}

/** One call's voice. */
export class SpeakSession implements TextToSpeechSession {
  readonly #line: SpokenLine;
  readonly #identity: StageIdentity;
  readonly #format: AudioFormat;
  readonly #signal: AbortSignal;
  readonly #open = new Set<SpeakUtterance>();
  readonly #onAbort = (): void => this.close();
  #closed = false;

  /** @param signal closes it when it aborts */
  constructor(line: SpokenLine, identity: StageIdentity, format: AudioFormat, signal: AbortSignal) {
    this.#line = line;
    this.#identity = identity;
    this.#format = format;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  begin(): TextToSpeechUtterance {
    const utterance = new SpeakUtterance(this.#line, this.#identity, this.#format);
    for (const each of this.#open) if (each.events.ended) this.#open.delete(each);
    if (this.#closed) utterance.cancel();
    else this.#open.add(utterance);
    return utterance;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#line.close();
    // Those that wait for text the line has never heard of.
    for (const utterance of this.#open) utterance.cancel();
    this.#open.clear();
  }
}

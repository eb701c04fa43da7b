import type { FliteVoice } from 'sip-voice-connector/cascade';
import { FlavorError, type FlavorEvent } from 'sip-voice-connector/flavor';
import { playbackEvents, type Utterance, utteranceEvents } from './utterance.js';

/** Something waiting to be said. */
type Item =
  | { readonly type: 'text'; readonly text: string; readonly done?: Done }
  | { readonly type: 'utterance'; readonly utterance: Utterance }
  | { readonly type: 'playback'; readonly bytes: Uint8Array; readonly bytesPerMs: number };

/** Told when an item is out, with its response, or is not going to be, with none. */
type Done = (responseId: string | undefined) => void;

export interface SpeechLineOptions {
  readonly voice: Pick<FliteVoice, 'speak'>;
  push(event: FlavorEvent): void;
}

/** Says one thing after the other, in the order asked for, though speaking takes time. */
export class SpeechLine {
  readonly #voice: Pick<FliteVoice, 'speak'>;
  readonly #push: (event: FlavorEvent) => void;
  readonly #waiting: Item[] = [];
  #speaking: { readonly controller: AbortController; readonly done: Done | undefined } | undefined;
  #open = false;
  #responses = 0;

  constructor(options: SpeechLineOptions) {
    this.#voice = options.voice;
    this.#push = options.push;
  }

  /** From now on what is asked for is said; until then it waits. */
  open(): void {
    this.#open = true;
    this.#advance();
  }

  /** Speaks `text`. `done` is called exactly once. */
  say(text: string, done?: Done): void {
    this.#add({ type: 'text', text, ...(done ? { done } : {}) });
  }

  sayUtterance(utterance: Utterance): void {
    this.#add({ type: 'utterance', utterance });
  }

  play(bytes: Uint8Array, bytesPerMs: number): void {
    this.#add({ type: 'playback', bytes, bytesPerMs });
  }

  /** Gives up everything that is not out yet. */
  cancel(): void {
    const dropped = this.#waiting.splice(0);
    const speaking = this.#speaking;
    this.#speaking = undefined;
    speaking?.controller.abort();
    speaking?.done?.(undefined);
    for (const item of dropped) {
      if (item.type === 'text') item.done?.(undefined);
    }
  }

  #add(item: Item): void {
    this.#waiting.push(item);
    this.#advance();
  }

  #advance(): void {
    while (this.#open && !this.#speaking) {
      const item = this.#waiting.shift();
      if (!item) return;
      if (item.type === 'text') this.#speak(item.text, item.done);
      else if (item.type === 'utterance') this.#emit((id) => utteranceEvents(id, item.utterance));
      else this.#emit((id) => playbackEvents(id, item.bytes, item.bytesPerMs));
    }
  }

  #speak(text: string, done: Done | undefined): void {
    const job = { controller: new AbortController(), done };
    this.#speaking = job;
    const settle = (step: () => string | undefined): void => {
      // A job that was given up has had its `done`.
      if (this.#speaking !== job) return;
      this.#speaking = undefined;
      const responseId = step();
      job.done?.(responseId);
      this.#advance();
    };
    this.#voice.speak(text, job.controller.signal).then(
      (speech) =>
        settle(() => {
          if (speech.pcm.length === 0) return undefined;
          return this.#emit((id) => utteranceEvents(id, { text, speech }));
        }),
      (cause: unknown) =>
        settle(() => {
          this.#push({ type: 'warning', error: voiceFailure(cause) });
          return undefined;
        }),
    );
  }

  #emit(events: (responseId: string) => Iterable<FlavorEvent>): string {
    this.#responses += 1;
    const responseId = `speech-${this.#responses}`;
    for (const event of events(responseId)) this.#push(event);
    return responseId;
  }
}

/** The built-in voice is this flavor's provider: what fails in it is named as a fault of one. */
export function voiceFailure(cause: unknown): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', 'the built-in voice failed', true, { cause });
}

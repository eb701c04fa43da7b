import type { Clock } from '../../base/clock.js';
import type { FlavorEvent } from '../../flavor-api/index.js';
import type { LanguageModel, LanguageModelRequest } from '../stages/language-model.js';
import { asFlavorError } from '../stages/stage-error.js';
import { verbatimClauses } from '../text/verbatim-pieces.js';
import { SpeechOut, type VoiceParts } from './speech-out.js';

export interface AsideParts {
  readonly voice: VoiceParts;
  readonly model: LanguageModel;
  readonly clock: Clock;
  push(event: FlavorEvent): void;
  onBegun(speech: SpeechOut): void;
}

/** Longest aside of a model's, characters. */
const MAX_ASIDE = 300;

/**
 * Words that bridge a wait, such as "one moment": said beside the dialogue, which does not remember them. Dropped when
 * what they were to bridge is there before their first sound.
 */
export class AsideDesk {
  readonly #parts: AsideParts;
  #speech: SpeechOut | undefined;
  #controller: AbortController | undefined;
  #count = 0;

  constructor(parts: AsideParts) {
    this.#parts = parts;
  }

  say(words: string): void {
    const speech = this.#begin();
    if (speech) this.#speak(speech, words);
  }

  /** Has the model find the words. */
  ask(request: LanguageModelRequest): void {
    const speech = this.#begin();
    if (!speech) return;
    this.#controller = new AbortController();
    void this.#read(speech, request, this.#controller.signal);
  }

  /** The answer is there: words that nobody has heard a sound of have nothing left to bridge. */
  onAnswer(): void {
    if (this.#speech?.emitted === false) this.cancel();
  }

  cancel(): void {
    this.#controller?.abort();
    this.#controller = undefined;
    this.#speech?.cancel();
    this.#speech = undefined;
  }

  #begin(): SpeechOut | undefined {
    if (this.#speech) return undefined;
    this.#count += 1;
    const speech: SpeechOut = new SpeechOut(`aside-${this.#count}`, this.#parts.voice, {
      onFirstAudio: () => undefined,
      onEnd: (error) => {
        // There will be no words, and no harm.
        if (error) this.#parts.push({ type: 'warning', error });
        if (this.#speech === speech) this.#speech = undefined;
      },
    });
    this.#speech = speech;
    this.#parts.onBegun(speech);
    return speech;
  }

  async #read(speech: SpeechOut, request: LanguageModelRequest, signal: AbortSignal): Promise<void> {
    let words = '';
    try {
      for await (const event of this.#parts.model.answer(request, signal)) {
        if (event.type === 'usage') this.#parts.push(event);
        if (event.type === 'text' && words.length < MAX_ASIDE) words += event.text;
      }
    } catch (error) {
      if (!signal.aborted) this.#parts.push({ type: 'warning', error: asFlavorError(error) });
    }
    if (!signal.aborted) this.#speak(speech, words);
  }

  /** In the pieces of a greeting, which a voice may have been given before the call. */
  #speak(speech: SpeechOut, words: string): void {
    const { maxCharacters } = this.#parts.voice.capabilities;
    for (const clause of verbatimClauses(words, maxCharacters)) speech.say(clause);
    speech.finish();
  }
}

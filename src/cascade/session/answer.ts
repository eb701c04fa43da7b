import { Alarm } from '../../base/alarm.js';
import type { Clock } from '../../base/clock.js';
import { FlavorError, type FlavorEvent } from '../../flavor-api/index.js';
import type { LanguageModel, LanguageModelRequest, ModelOpaque, ModelToolCall } from '../stages/language-model.js';
import { asFlavorError, timeoutError } from '../stages/stage-error.js';
import { ClauseSplitter, type ClauseSplitterOptions, clauseSplitterDefaults } from '../text/clause-splitter.js';
import { SpeechOut, type VoiceParts } from './speech-out.js';

export interface AnswerParts {
  readonly model: LanguageModel;
  readonly voice: VoiceParts;
  readonly clock: Clock;
  readonly firstClauseCharacters: number;
  /** For the model's next event, ms. */
  readonly modelTimeoutMs: number;
  push(event: FlavorEvent): void;
}

export interface AnswerHandlers {
  /** The model's first word or call. */
  onFirstToken(): void;
  onFirstAudio(): void;
  onCall(call: ModelToolCall): void;
  /** All of it is said, or on its way to the host. */
  onDone(): void;
  /** What was said of it, was said to its end. */
  onFailed(error: FlavorError): void;
}

/** Longest answer of a model, characters: some forty minutes of speech. It is paid for by the character. */
const MAX_CHARACTERS = 40_000;

/** One answer: from the model, or words that are given, clause by clause to the voice. */
export class Answer {
  readonly id: number;
  readonly speech: SpeechOut;
  readonly calls: ModelToolCall[] = [];
  opaque: ModelOpaque | undefined;
  readonly #parts: AnswerParts;
  readonly #handlers: AnswerHandlers;
  readonly #splitter: ClauseSplitter;
  readonly #controller = new AbortController();
  readonly #patience: Alarm;
  #written = '';
  #said = '';
  #begun = false;
  /** Pieces that wait for the turn to be over; `undefined`: it is. */
  #held: string[] | undefined;
  #complete = false;
  #failure: FlavorError | undefined;
  #over = false;

  /** `held`: nothing of it is said before `release` and `confirm`. */
  constructor(id: number, held: boolean, parts: AnswerParts, handlers: AnswerHandlers) {
    this.id = id;
    this.#parts = parts;
    this.#handlers = handlers;
    this.#held = held ? [] : undefined;
    const { maxCharacters } = parts.voice.capabilities;
    const options: ClauseSplitterOptions = {
      firstClauseCharacters: parts.firstClauseCharacters,
      maxCharacters: Math.min(clauseSplitterDefaults.maxCharacters, maxCharacters),
    };
    this.#splitter = new ClauseSplitter(options);
    this.#patience = new Alarm(parts.clock);
    this.speech = new SpeechOut(`response-${id}`, parts.voice, {
      onFirstAudio: () => this.#handlers.onFirstAudio(),
      onEnd: (error) => this.#onSpeechEnd(error),
    });
  }

  /** What the model is to remember of it: what was said, or is going to be. */
  get text(): string {
    return this.#failure ? this.#said : this.#written;
  }

  /** Says words as they are. */
  say(words: string): void {
    this.#onText(words);
    this.#onComplete();
  }

  /** Asks the model. */
  ask(request: LanguageModelRequest): void {
    void this.#read(request);
  }

  /** The turn is over: what was held goes out. The answer is not over before `confirm`. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const piece of held ?? []) this.#say(piece);
  }

  /** All that was held is out. */
  confirm(): void {
    if (this.#complete) this.speech.finish();
  }

  /** Stops everything: nothing more comes of it. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#patience.clear();
    this.#controller.abort();
    this.speech.cancel();
  }

  async #read(request: LanguageModelRequest): Promise<void> {
    const { model } = this.#parts;
    this.#expect();
    try {
      for await (const event of model.answer(request, this.#controller.signal)) {
        if (event.type === 'usage' || event.type === 'warning') this.#parts.push(event);
        if (this.#over || this.#complete) return;
        this.#expect();
        if (event.type === 'text') this.#onAnswer(event.text);
        else if (event.type === 'tool-call') this.#onCall(event.call);
        else if (event.type === 'done') {
          this.opaque = event.opaque;
          if (event.reason === 'refused') this.#warn('the model declined to answer');
          if (event.reason === 'length') this.#parts.push({ type: 'warning', error: cutShort() });
          this.#onComplete();
        }
      }
      if (!this.#over && !this.#complete) throw protocolError('the model broke off without a word about it');
    } catch (error) {
      if (!this.#over && !this.#complete) this.#onModelFailed(asFlavorError(error));
    }
  }

  #expect(): void {
    const { modelTimeoutMs } = this.#parts;
    this.#patience.set(modelTimeoutMs, () => {
      if (this.#over || this.#complete) return;
      this.#controller.abort();
      this.#onModelFailed(timeoutError('the model said nothing', modelTimeoutMs));
    });
  }

  #onAnswer(text: string): void {
    const room = MAX_CHARACTERS - this.#written.length;
    this.#onText(text.slice(0, room));
    if (text.length < room) return;
    this.#warn('the model writes without end');
    this.#controller.abort();
    this.#onComplete();
  }

  #onText(text: string): void {
    if (text === '') return;
    this.#onToken();
    this.#written += text;
    for (const piece of this.#splitter.push(text)) this.#say(piece);
  }

  #onCall(call: ModelToolCall): void {
    this.#onToken();
    // What was said before the call goes with it.
    for (const piece of this.#splitter.flush()) this.#say(piece);
    this.#handlers.onCall(call);
  }

  #onToken(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#handlers.onFirstToken();
  }

  #say(piece: string): void {
    if (this.#held) this.#held.push(piece);
    else {
      this.#said += piece;
      this.speech.say(piece);
    }
  }

  #onComplete(): void {
    this.#complete = true;
    this.#patience.clear();
    for (const piece of this.#splitter.flush()) this.#say(piece);
    if (!this.#held) this.speech.finish();
  }

  /** What the voice was given is said to its end; a clause that is not complete never is. */
  #onModelFailed(error: FlavorError): void {
    this.#complete = true;
    this.#failure = error;
    this.#patience.clear();
    if (this.#held) this.#fail(error);
    else this.speech.finish();
  }

  #onSpeechEnd(error: FlavorError | undefined): void {
    if (this.#over) return;
    const failure = error ?? this.#failure;
    if (error) {
      this.#failure = error;
      this.#said = this.speech.text;
    }
    if (failure) {
      this.#fail(failure);
      return;
    }
    this.#over = true;
    this.#handlers.onDone();
  }

  #fail(error: FlavorError): void {
    this.#over = true;
    this.#patience.clear();
    this.#controller.abort();
    this.speech.cancel();
    this.#handlers.onFailed(error);
  }

  #warn(message: string): void {
    this.#parts.push({ type: 'warning', error: protocolError(message) });
  }
}

/** A model that thinks may have spent all of it before its first word. */
function cutShort(): FlavorError {
  const message = 'the model reached the limit of its answer (maxTokens) before the end: raise it, or ask for less';
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

function protocolError(message: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', message, true);
}

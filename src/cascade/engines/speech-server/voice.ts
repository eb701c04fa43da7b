import type { Clock } from '../../../base/clock.js';
import { createSystemClock } from '../../../base/clock.js';
import { createSystemRandom, type Random } from '../../../base/random.js';
import type { AudioFormat } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechRequest,
  TextToSpeechSession,
} from '../../stages/text-to-speech.js';
import { SpeakSession } from '../shared/speak-session.js';
import type { SpeechBackend } from './backend.js';
import { SpeakLine } from './speak-line.js';

/** How texts are brought to a speech server. */
export interface SpeechServerVoiceOptions {
  /** Further requests for a piece of which nothing was heard, where the connection broke or the server was out of order. */
  readonly retries: number;
  readonly clock: Clock;
  readonly random: Random;
}

export const speechServerVoiceDefaults = { retries: 1 } as const satisfies Partial<SpeechServerVoiceOptions>;

/**
 * A server that turns one text into speech by one request, as a stage: a request a piece, at most two of them under way,
 * their sound in the order of the pieces, converted to what the call asks for and joined without clicks. The backend is
 * disposed of with the stage.
 */
export function speechServerVoice(
  backend: SpeechBackend,
  options: Partial<SpeechServerVoiceOptions> = {},
): TextToSpeech {
  return new SpeechServerVoice(backend, {
    ...speechServerVoiceDefaults,
    clock: options.clock ?? createSystemClock(),
    random: options.random ?? createSystemRandom(),
    ...options,
  });
}

const rates = [48_000, 24_000, 16_000, 8_000] as const;

/** The server's own rate first, or the nearest above that calls know; then what needs less, and what phones speak. */
export function outputFormats(sampleRate: number): readonly AudioFormat[] {
  const native = rates.findLast((rate) => rate >= sampleRate) ?? rates[0];
  const pcm = rates
    .filter((rate) => rate <= native)
    .map((rate): AudioFormat => ({ encoding: 'pcm16', sampleRate: rate }));
  return [...pcm, { encoding: 'mulaw', sampleRate: 8_000 }, { encoding: 'alaw', sampleRate: 8_000 }];
}

class SpeechServerVoice implements TextToSpeech {
  readonly #backend: SpeechBackend;
  readonly #options: SpeechServerVoiceOptions;

  constructor(backend: SpeechBackend, options: SpeechServerVoiceOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  get identity(): StageIdentity {
    return this.#backend.identity;
  }

  get capabilities(): TextToSpeechCapabilities {
    const { sampleRate, maxCharacters } = this.#backend.capabilities;
    return { output: outputFormats(sampleRate), text: 'sentence', wordTimes: false, maxCharacters, voiceSigns: true };
  }

  async check(signal: AbortSignal): Promise<void> {
    await (this.#backend.check?.(signal) ?? this.#backend.probe(signal));
  }

  /** What the server says of itself is asked in good time: some of it, such as its model, changes what it is sent. */
  async warmup(signal: AbortSignal): Promise<void> {
    try {
      await this.#backend.probe(signal);
    } catch {
      // A server may come up later than the connector: whoever speaks through it will see, and `check` says why.
      signal.throwIfAborted();
    }
  }

  async open({ output }: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession> {
    signal.throwIfAborted();
    const line = new SpeakLine({ ...this.#options, backend: this.#backend, format: output });
    return new SpeakSession(line, this.#backend.identity, output, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }
}

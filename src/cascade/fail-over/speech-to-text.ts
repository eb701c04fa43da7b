import type { Clock } from '../../base/clock.js';
import type {
  SpeechToText,
  SpeechToTextCapabilities,
  SpeechToTextRequest,
  SpeechToTextStream,
} from '../stages/speech-to-text.js';
import type { StageIdentity } from '../stages/stage.js';
import { Candidates, type FailOverDeps } from './candidates.js';
import { commonFormats } from './formats.js';
import { FailOverStream } from './listening.js';
import { type SpeechToTextFailOverOptions, speechToTextFailOverDefaults } from './options.js';

/**
 * Several recognisers as one: when an engine fails, goes deaf or is not to be had, the next is told again what the caller
 * has said since the last final segment, so that no word of the turn is lost.
 *
 * @param engines the preferred one first; at least one. They belong to what is returned.
 * @throws FlavorError `ERR_FLAVOR_CONFIG` without an engine, or where no format is common to all.
 */
export function failOverSpeechToText(
  engines: readonly SpeechToText[],
  deps: FailOverDeps,
  options: Partial<SpeechToTextFailOverOptions> = {},
): SpeechToText {
  return new FailOverSpeechToText(engines, deps, { ...speechToTextFailOverDefaults, ...options });
}

class FailOverSpeechToText implements SpeechToText {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechToTextCapabilities;
  readonly #candidates: Candidates<SpeechToText>;
  readonly #clock: Clock;
  readonly #log: FailOverDeps['log'];
  readonly #options: SpeechToTextFailOverOptions;

  constructor(engines: readonly SpeechToText[], { clock, log }: FailOverDeps, options: SpeechToTextFailOverOptions) {
    this.#candidates = new Candidates(engines, clock);
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    const [first] = engines;
    const input = commonFormats(engines.map(({ capabilities }) => capabilities.input));
    this.identity = first?.identity ?? { provider: '', model: '' };
    // Those of the engine that listens first: another one brings its own with `taken-over`.
    this.capabilities = {
      endOfTurn: false,
      eagerEndOfTurn: false,
      wordTimes: false,
      finalize: false,
      ...first?.capabilities,
      input,
    };
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#candidates.check(signal, this.#log);
  }

  warmup(signal: AbortSignal): Promise<void> {
    return this.#candidates.warmup(signal);
  }

  async open({ input }: SpeechToTextRequest, signal: AbortSignal): Promise<SpeechToTextStream> {
    const stream = new FailOverStream({
      candidates: this.#candidates,
      announced: this.#candidates.engines[0],
      clock: this.#clock,
      options: this.#options,
      input,
      signal,
    });
    try {
      await stream.connect();
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#candidates[Symbol.asyncDispose]();
  }
}

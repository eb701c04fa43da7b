import type { Clock } from '../../base/clock.js';
import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../stages/language-model.js';
import type { StageIdentity } from '../stages/stage.js';
import { Candidates, type FailOverDeps } from './candidates.js';
import { raceModels } from './model-race.js';
import { type LanguageModelFailOverOptions, languageModelFailOverDefaults } from './options.js';

/**
 * Several models as one: while the first says nothing, the next is asked the same, within the same answer. Once a model
 * has begun to speak its failure is the answer's: what was said cannot be taken back, so whoever asked decides how to go
 * on; that question then goes to the next model first.
 *
 * @param models the preferred one first; at least one. They belong to what is returned.
 * @throws FlavorError `ERR_FLAVOR_CONFIG` without a model.
 */
export function failOverLanguageModels(
  models: readonly LanguageModel[],
  deps: FailOverDeps,
  options: Partial<LanguageModelFailOverOptions> = {},
): LanguageModel {
  return new FailOverLanguageModel(models, deps, { ...languageModelFailOverDefaults, ...options });
}

class FailOverLanguageModel implements LanguageModel {
  readonly identity: StageIdentity;
  readonly parallelTools: boolean;
  readonly #candidates: Candidates<LanguageModel>;
  readonly #clock: Clock;
  readonly #log: FailOverDeps['log'];
  readonly #options: LanguageModelFailOverOptions;

  constructor(models: readonly LanguageModel[], { clock, log }: FailOverDeps, options: LanguageModelFailOverOptions) {
    this.#candidates = new Candidates(models, clock);
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    const [first] = models;
    this.identity = first?.identity ?? { provider: '', model: '' };
    this.parallelTools = models.every(({ parallelTools }) => parallelTools);
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#candidates.check(signal, this.#log);
  }

  warmup(signal: AbortSignal): Promise<void> {
    return this.#candidates.warmup(signal);
  }

  answer(request: LanguageModelRequest, signal: AbortSignal): AsyncGenerator<LanguageModelEvent, void, undefined> {
    const options = { candidates: this.#candidates, clock: this.#clock, patienceMs: this.#options.firstEventMs };
    return raceModels(options, request, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#candidates[Symbol.asyncDispose]();
  }
}

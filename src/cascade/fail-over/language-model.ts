import type { Clock } from '../../base/clock.js';
import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../stages/language-model.js';
import type { StageIdentity } from '../stages/stage.js';
import { asFlavorError, Candidates, mayBeTakenOver } from './candidates.js';
import { Deadline } from './deadline.js';

export interface LanguageModelFailOverOptions {
  /** For the first event of an answer, ms; then another model is asked. The last one is waited for. */
  readonly firstEventMs: number;
}

export const languageModelFailOverDefaults = { firstEventMs: 1_100 } as const satisfies LanguageModelFailOverOptions;

/**
 * Several models as one: when the first says nothing, the next is asked the same, within the same answer. Once a model
 * has begun to speak its failure is the answer's: what was said cannot be taken back, so whoever asked decides how to go
 * on; that question then goes to the next model first.
 *
 * @param models the preferred one first; at least one. They belong to what is returned.
 * @throws FlavorError `ERR_FLAVOR_CONFIG` without a model.
 */
export function failOverLanguageModels(
  models: readonly LanguageModel[],
  deps: { readonly clock: Clock },
  options: Partial<LanguageModelFailOverOptions> = {},
): LanguageModel {
  return new FailOverLanguageModel(models, deps.clock, { ...languageModelFailOverDefaults, ...options });
}

class FailOverLanguageModel implements LanguageModel {
  readonly identity: StageIdentity;
  readonly parallelTools: boolean;
  readonly #candidates: Candidates<LanguageModel>;
  readonly #clock: Clock;
  readonly #options: LanguageModelFailOverOptions;

  constructor(models: readonly LanguageModel[], clock: Clock, options: LanguageModelFailOverOptions) {
    this.#candidates = new Candidates(models, clock);
    this.#clock = clock;
    this.#options = options;
    const [first] = models;
    this.identity = first?.identity ?? { provider: '', model: '' };
    this.parallelTools = models.every(({ parallelTools }) => parallelTools);
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#candidates.check(signal, () => {});
  }

  warmup(signal: AbortSignal): Promise<void> {
    return this.#candidates.warmup(signal);
  }

  async *answer(
    request: LanguageModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<LanguageModelEvent, void, undefined> {
    for (const { engine, permit, last } of this.#candidates.inTurn()) {
      const limitMs = last ? undefined : this.#options.firstEventMs;
      using deadline = new Deadline(this.#clock, limitMs, `${engine.identity.model} did not begin to answer`, signal);
      let begun = false;
      try {
        for await (const event of engine.answer(request, deadline.signal)) {
          // What a request costs is no sign that the model speaks.
          if (!begun && (event.type === 'text' || event.type === 'tool-call' || event.type === 'done')) {
            begun = true;
            deadline.met();
            permit.succeeded();
          }
          yield event;
        }
        return;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (begun) this.#candidates.brokeOff(engine);
        else permit.failed();
        if (begun || last || !mayBeTakenOver(error, signal)) throw error;
        yield { type: 'warning', error: asFlavorError(error) };
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#candidates[Symbol.asyncDispose]();
  }
}

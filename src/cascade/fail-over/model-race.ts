import type { Clock, TimerHandle } from '../../base/clock.js';
import { FlavorError } from '../../flavor-api/index.js';
import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../stages/language-model.js';
import { asFlavorError, mayBeTakenOver } from '../stages/stage-error.js';
import type { Candidate, Candidates } from './candidates.js';

export interface ModelRaceOptions {
  readonly candidates: Candidates<LanguageModel>;
  readonly clock: Clock;
  /** For the first event of an answer, ms; then the next model is asked as well. */
  readonly patienceMs: number;
}

/** What is heard of a model next. */
type Heard =
  | { readonly from: AskedModel; readonly event: LanguageModelEvent }
  | { readonly from: AskedModel; readonly error: unknown }
  | { readonly from: AskedModel; readonly over: true };

/**
 * One question to several models, asked one after the other while nothing is said. A slow one is not left for that: the
 * first to say something has the answer, and the requests to the others are broken off.
 */
export async function* raceModels(
  { candidates, clock, patienceMs }: ModelRaceOptions,
  request: LanguageModelRequest,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelEvent, void, undefined> {
  const models = candidates.inTurn();
  const asked: AskedModel[] = [];
  const patience = new Patience(clock, patienceMs);
  const askNext = (): boolean => {
    patience.stop();
    const next = models.next();
    if (next.done === true) return false;
    asked.push(new AskedModel(next.value, request, signal));
    // The last one is waited for.
    if (!next.value.last) patience.start();
    return true;
  };
  try {
    askNext();
    for (;;) {
      const heard = await Promise.race([patience.over, ...asked.map(({ next }) => next)]);
      if (heard === undefined) {
        askNext();
        continue;
      }
      const { from } = heard;
      if ('error' in heard) {
        if (signal.aborted) throw signal.reason;
        from.candidate.permit.failed();
        const newest = asked.at(-1) === from;
        asked.splice(asked.indexOf(from), 1);
        from.leave();
        if (!mayBeTakenOver(heard.error, signal)) throw heard.error;
        if (newest) askNext();
        if (asked.length === 0) throw heard.error;
        yield { type: 'warning', error: asFlavorError(heard.error) };
      } else if ('over' in heard) return;
      else if (!isBeginning(heard.event)) {
        from.listen();
        yield heard.event;
      } else {
        patience.stop();
        for (const slow of asked.slice(0, asked.indexOf(from))) {
          slow.candidate.permit.failed();
          yield { type: 'warning', error: tooSlow(slow.candidate.engine, patienceMs) };
        }
        for (const other of asked) if (other !== from) other.leave();
        from.candidate.permit.succeeded();
        yield heard.event;
        yield* restOf(from, candidates, signal);
        return;
      }
    }
  } finally {
    patience.stop();
    for (const model of asked) model.leave();
    models.return();
  }
}

/** What a model costs is no sign that it speaks. */
function isBeginning({ type }: LanguageModelEvent): boolean {
  return type === 'text' || type === 'tool-call' || type === 'done';
}

/** What was said cannot be taken back: if it breaks off now, the answer has failed. */
async function* restOf(
  model: AskedModel,
  candidates: Candidates<LanguageModel>,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelEvent, void, undefined> {
  for (;;) {
    model.listen();
    const heard = await model.next;
    if ('over' in heard) return;
    if ('event' in heard) {
      yield heard.event;
      continue;
    }
    if (signal.aborted) throw signal.reason;
    candidates.brokeOff(model.candidate.engine);
    throw heard.error;
  }
}

function tooSlow({ identity }: LanguageModel, patienceMs: number): FlavorError {
  return new FlavorError(
    'ERR_FLAVOR_TIMEOUT',
    `${identity.model} did not begin to answer within ${patienceMs} ms`,
    true,
  );
}

/** One of the models, and its answer so far. */
class AskedModel {
  readonly candidate: Candidate<LanguageModel>;
  /** What it says next, or that it has failed: it never rejects. */
  next: Promise<Heard>;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #events: AsyncIterator<LanguageModelEvent>;
  readonly #onAbort = (): void => this.#controller.abort(this.#outer.reason);
  #over = false;

  constructor(candidate: Candidate<LanguageModel>, request: LanguageModelRequest, outer: AbortSignal) {
    this.candidate = candidate;
    this.#outer = outer;
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort, { once: true });
    this.#events = candidate.engine.answer(request, this.#controller.signal)[Symbol.asyncIterator]();
    this.next = this.#hear();
  }

  /** Asks for what comes next. */
  listen(): void {
    this.next = this.#hear();
  }

  /** Breaks its request off, if that is not over. */
  leave(): void {
    this.#outer.removeEventListener('abort', this.#onAbort);
    if (this.#over) return;
    this.#over = true;
    this.#controller.abort();
    // It may be in the middle of waiting, and has nothing more to say.
    this.#events.return?.().then(undefined, () => undefined);
  }

  async #hear(): Promise<Heard> {
    try {
      const { done, value } = await this.#events.next();
      if (done !== true) return { from: this, event: value };
      this.#over = true;
      return { from: this, over: true };
    } catch (error) {
      this.#over = true;
      return { from: this, error };
    }
  }
}

/** Tells when a model has been waited for long enough. */
class Patience {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #never = new Promise<undefined>(() => undefined);
  #timer: TimerHandle | undefined;
  /** Resolves when it has run out; never while it does not run. */
  over: Promise<undefined> = this.#never;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  start(): void {
    this.over = new Promise((resolve) => {
      this.#timer = this.#clock.setTimeout(() => resolve(undefined), this.#limitMs);
    });
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.over = this.#never;
  }
}

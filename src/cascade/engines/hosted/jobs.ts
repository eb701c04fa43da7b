import { AbortScope } from '../../../base/abort-scope.js';
import type { Clock } from '../../../base/clock.js';
import { orAborted } from '../../../base/or-aborted.js';
import { pause } from '../../../base/pause.js';
import type { Random } from '../../../base/random.js';
import { FlavorError } from '../../../flavor-api/index.js';
import { late, retryAfterMs } from '../speech-server/failures.js';
import { Errands } from './errands.js';
import type { JobProvider, JobView } from './job.js';
import { PollPace } from './poll-pace.js';

export interface JobsOptions {
  /** The provider in messages. */
  readonly who: string;
  readonly provider: JobProvider;
  /** Looks a second, of all jobs together. */
  readonly looksPerSecond: number;
  /** From the order until a machine works on it, ms: a queue and a cold start. */
  readonly startTimeoutMs: number;
  /** While a machine works: until it is done, or yields something, ms. */
  readonly workTimeoutMs: number;
  /** Orders that are refused because there were too many are given again so often. */
  readonly retries: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** Whoever follows a job. */
export interface JobAudience {
  /** Has all that it wants: the job is about to end by itself, and is not cancelled when the loop is left. */
  readonly satisfied: boolean;
  /** A look failed, and with it may be lost what the job had yielded. */
  lost(): void;
}

/** Whoever asks for all of a job at once: what was lost is asked for again. */
export const patientAudience: JobAudience = { satisfied: false, lost: () => {} };

/** Looks that fail in a row before a job is given up. */
const MAX_LOST_LOOKS = 4;
/** Before an order, or a look, that failed is made again, ms; doubles each time. */
const RETRY_MS = 250;
/** Who wants to be left alone for longer is not waited for: somebody else speaks sooner, ms. */
const MAX_HOLD_MS = 5_000;

/**
 * Jobs at one provider: ordered, looked at until they are over, and cancelled when nobody wants them any more, even where
 * that is found out before their id is known.
 */
export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions;
  readonly #pace: PollPace;
  readonly #errands: Errands;
  readonly #closing = new AbortScope();

  constructor(options: JobsOptions) {
    this.#options = options;
    const { looksPerSecond, clock, random } = options;
    this.#pace = new PollPace({ looksPerSecond, clock, random });
    this.#errands = new Errands(clock);
  }

  /**
   * Gives a job, and shows how it stands whenever that was looked at, until it is `done` and has nothing more to yield.
   * Leaving the loop before that cancels it.
   *
   * @throws FlavorError where it failed, came too late or cannot be followed; `signal.reason`
   */
  async *follow(input: unknown, audience: JobAudience, caller: AbortSignal): AsyncGenerator<JobView, void, undefined> {
    using own = this.#closing.open(caller);
    const { signal } = own;
    const { who, clock, startTimeoutMs, workTimeoutMs } = this.#options;
    const orderedAtMs = clock.now();
    const order = this.#order(input, signal);
    const leave = this.#see(order);
    let over = false;
    try {
      let view = await orAborted(order, signal);
      let dueMs = orderedAtMs + startTimeoutMs;
      let previous: JobView | undefined;
      for (let looks = 0; ; looks += 1) {
        if (view.state === 'failed') {
          over = true;
          throw view.error ?? new FlavorError('ERR_FLAVOR_NETWORK', `${who} failed`, true);
        }
        over = view.state === 'done';
        if (previous?.state !== view.state || view.items.length > 0) looks = 0;
        if (view.state === 'working' && looks === 0) dueMs = clock.now() + workTimeoutMs;
        yield view;
        if (over && view.items.length === 0) return;
        if (clock.now() >= dueMs) throw late(who, view.state === 'working' ? 'to speak' : 'to start a machine');
        previous = view;
        await this.#pace.wait(view.state, looks, signal);
        view = await this.#look(view.id, audience, signal);
      }
    } finally {
      leave(!over && !audience.satisfied);
    }
  }

  /** Ends all jobs, and waits until they are cancelled, for a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.close(new FlavorError('ERR_FLAVOR_NETWORK', `${this.#options.who} is not asked any more`, false));
    await this.#errands[Symbol.asyncDispose]();
  }

  async #order(input: unknown, signal: AbortSignal): Promise<JobView> {
    const { provider, retries } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        // Not the caller's signal: the id of a job that was taken must become known.
        using life = this.#errands.signal();
        return await provider.order(input, life.signal);
      } catch (error) {
        // Anything but "too many" may have been taken.
        const refused = error instanceof FlavorError && error.code === 'ERR_FLAVOR_QUOTA' && error.retryable;
        const delayMs = refused && attempt < retries ? this.#delay(error, attempt) : undefined;
        if (delayMs === undefined) throw error;
        await pause(delayMs, this.#options.clock, signal);
      }
    }
  }

  async #look(id: string, audience: JobAudience, signal: AbortSignal): Promise<JobView> {
    for (let lost = 0; ; lost += 1) {
      try {
        return await this.#options.provider.look(id, signal);
      } catch (error) {
        signal.throwIfAborted();
        const again = error instanceof FlavorError && error.retryable && lost < MAX_LOST_LOOKS - 1;
        const delayMs = again ? this.#delay(error, lost) : undefined;
        if (delayMs === undefined) throw error;
        if (error instanceof FlavorError && error.code === 'ERR_FLAVOR_QUOTA') this.#pace.hold(delayMs);
        else audience.lost();
        await pause(delayMs, this.#options.clock, signal);
      }
    }
  }

  /** What to wait after a failure, ms; `undefined` where that is too long. */
  #delay(error: unknown, attempt: number): number | undefined {
    const askedMs = retryAfterMs(error);
    if (askedMs !== undefined) return askedMs > MAX_HOLD_MS ? undefined : askedMs;
    const ceilingMs = RETRY_MS * 2 ** attempt;
    return ceilingMs / 2 + this.#options.random.integer(ceilingMs / 2 + 1);
  }

  /** Sees to the end of a job: what is returned is called when it is left, and says whether it is unwanted. */
  #see(order: Promise<JobView>): (unwanted: boolean) => void {
    let leave: (unwanted: boolean) => void = () => {};
    const left = new Promise<boolean>((resolve) => {
      leave = resolve;
    });
    this.#errands.run(async (signal) => {
      if (await left) await this.#cancel(order, signal);
    });
    return leave;
  }

  /** Tells the provider that a job is not wanted any more, as soon as its id is known. */
  async #cancel(order: Promise<JobView>, signal: AbortSignal): Promise<void> {
    const { provider, clock } = this.#options;
    const { id, state } = await order;
    if (state === 'done' || state === 'failed') return;
    try {
      await provider.cancel(id, signal);
    } catch (error) {
      // Once more: what is not cancelled is paid.
      if (!(error instanceof FlavorError) || !error.retryable) throw error;
      await pause(this.#delay(error, 1) ?? MAX_HOLD_MS, clock, signal);
      await provider.cancel(id, signal);
    }
  }
}

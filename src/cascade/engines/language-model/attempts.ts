import type { Clock } from '../../../base/clock.js';
import { pause } from '../../../base/pause.js';
import type { Random } from '../../../base/random.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import type { LanguageModelEvent, LanguageModelRequest } from '../../stages/language-model.js';
import type { StageIdentity } from '../../stages/stage.js';
import { WatchedWait } from '../shared/watched-wait.js';
import { modelFailure, tooLate } from './failure.js';

/** How long a model may take. */
export interface Patience {
  /** From the request to the first word or call of a tool, retries included, ms. */
  readonly firstTokenTimeoutMs: number;
  /** Between two signs of life after that, ms. */
  readonly stallTimeoutMs: number;
  /** Further attempts where the provider could not be reached, or is out of order, before it has said anything. */
  readonly retries: number;
}

/** What is asked of which model, with the options of its configuration. */
export interface Question<Options> {
  readonly request: LanguageModelRequest;
  readonly options: Options;
  readonly identity: StageIdentity;
}

/** Before the first retry, ms; doubled for each further one, and each time between half of it and all. */
const FIRST_DELAY_MS = 150;

/** Between the end of an answer and the end of its stream, ms. */
const DRAIN_MS = 1_000;

/**
 * One attempt. `signal` breaks it off; `alive` is called for every sign of life on the wire, words or not.
 */
export type Attempt = (signal: AbortSignal, alive: () => void) => AsyncIterable<LanguageModelEvent>;

/**
 * Answers by attempts, until one of them has delivered an event: that one's end is the end. Breaks off at once when
 * `signal` aborts, whatever the library below is waiting for, and throws its reason.
 *
 * @throws FlavorError of the last attempt; ERR_FLAVOR_TIMEOUT when the first word, or a later one, is too long in coming.
 */
export async function* answerByAttempts(
  attempt: Attempt,
  patience: Patience,
  deps: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): AsyncIterable<LanguageModelEvent> {
  const { clock, random } = deps;
  const deadlineMs = clock.now() + patience.firstTokenTimeoutMs;
  for (let retry = 0; ; retry += 1) {
    signal.throwIfAborted();
    const watch = new WatchedWait(clock, signal);
    let delivered = false;
    let done = false;
    try {
      let spoke = false;
      watch.expect(deadlineMs - clock.now(), () => tooLate('said nothing in time'));
      const alive = (): void => {
        if (spoke) watch.expect(patience.stallTimeoutMs, () => tooLate('fell silent in mid-answer'));
      };
      const events = attempt(watch.signal, alive)[Symbol.asyncIterator]();
      for (;;) {
        const next = await watch.race(events.next());
        if (next.done) return;
        spoke ||= next.value.type !== 'usage';
        delivered = true;
        done = next.value.type === 'done';
        // Whoever reads the events may take a while: only the provider is timed.
        watch.rest();
        yield next.value;
        // The end of the stream after the end of the answer only frees the connection for the next.
        if (done) watch.expect(Math.min(patience.stallTimeoutMs, DRAIN_MS), () => tooLate('did not end its stream'));
        else if (spoke) alive();
        else watch.expect(deadlineMs - clock.now(), () => tooLate('said nothing in time'));
      }
    } catch (error) {
      signal.throwIfAborted();
      if (done) return;
      const failure = watch.failure ?? modelFailure(error);
      const ceilingMs = FIRST_DELAY_MS * 2 ** retry;
      const delayMs = ceilingMs / 2 + random.integer(Math.ceil(ceilingMs / 2) + 1);
      const hopeless = delivered || !mayRecover(failure) || retry >= patience.retries;
      if (hopeless || clock.now() + delayMs >= deadlineMs) throw failure;
      await pause(delayMs, clock, signal);
    } finally {
      watch.close();
    }
  }
}

/** Worth another attempt at once. A limited rate is not: there another model is asked, if there is one. */
function mayRecover(failure: FlavorError): boolean {
  const code = failure.code;
  return failure.retryable && (code === 'ERR_FLAVOR_NETWORK' || code === 'ERR_FLAVOR_TIMEOUT');
}

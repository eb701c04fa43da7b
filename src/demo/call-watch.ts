import type { Clock, TimerHandle } from '../base/clock.js';
import type { CallEvent } from '../ops/call-event.js';

/** What was seen of a call so far. */
export interface Seen {
  /** The agent speaks just now. A pause for an onset that is undecided counts as speaking. */
  readonly speaking: boolean;
  /** How often the agent has begun to speak, in all and until the latest tool was done. */
  readonly starts: number;
  readonly startsAtTool: number;
  /** Answers of the agent's that were heard to begin. */
  readonly answers: number;
  /** Tools that are done. */
  readonly tools: number;
  /** Onsets that were decided: sounds that interrupted nobody, and interruptions. */
  readonly resumed: number;
  readonly interrupted: number;
}

const nothing: Seen = { speaking: false, starts: 0, startsAtTool: 0, answers: 0, tools: 0, resumed: 0, interrupted: 0 };

/** Longest wait for anything at all, ms. */
const PATIENCE_MS = 15_000;

/** Watches one call by the connector's own events, and waits for what is to be seen of it. */
export class CallWatch {
  readonly #clock: Clock;
  #seen = nothing;
  #waiting: { reached(seen: Seen): boolean; resolve(): void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get seen(): Seen {
    return this.#seen;
  }

  /** To be subscribed to the connector's events. */
  readonly onEvent = (event: CallEvent): void => {
    this.#seen = after(this.#seen, event);
    this.#waiting = this.#waiting.filter((waiter) => {
      if (!waiter.reached(this.#seen)) return true;
      waiter.resolve();
      return false;
    });
  };

  /**
   * Resolves with true as soon as it has come to that, at once if it is so already; with false after `patienceMs`, and
   * when the call is `over`.
   */
  async until(reached: (seen: Seen) => boolean, over: Promise<unknown>, patienceMs = PATIENCE_MS): Promise<boolean> {
    if (reached(this.#seen)) return true;
    let met = false;
    const waiter = { reached, resolve: (): void => {} };
    const event = new Promise<void>((resolve) => {
      waiter.resolve = () => {
        met = true;
        resolve();
      };
    });
    this.#waiting.push(waiter);
    await pause(patienceMs, this.#clock, Promise.race([over, event]));
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    return met;
  }
}

/** Waits `ms`, or until `over` is settled. */
export async function pause(ms: number, clock: Clock, over: Promise<unknown>): Promise<void> {
  let timer: TimerHandle | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, ms);
  });
  await Promise.race([elapsed, over]);
  clock.clearTimeout(timer);
}

function after(seen: Seen, event: CallEvent): Seen {
  switch (event.type) {
    case 'agent-speaking':
      return { ...seen, speaking: event.speaking, starts: seen.starts + (event.speaking ? 1 : 0) };
    case 'turn':
      return { ...seen, answers: seen.answers + 1 };
    case 'tool':
      return { ...seen, tools: seen.tools + 1, startsAtTool: seen.starts };
    case 'barge-in':
      return event.resumed ? { ...seen, resumed: seen.resumed + 1 } : { ...seen, interrupted: seen.interrupted + 1 };
    default:
      return seen;
  }
}

import { Alarm, type Clock } from 'sip-voice-connector/cascade';

/** For the first sound of the greeting, while the phone rings, ms: in the end a caller would rather be answered. */
const LONGEST_MS = 1_500;

/** Holds the answer back until the first sound of the greeting is there to leave with it. */
export class GreetingWait {
  readonly #alarm: Alarm;
  readonly #done: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#alarm = new Alarm(clock);
    this.#done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The greeting is asked for. */
  begin(): void {
    this.#alarm.set(LONGEST_MS, this.#resolve);
  }

  /** Its first sound is there, there will be none, or nobody waits any more. */
  end(): void {
    this.#alarm.clear();
    this.#resolve();
  }

  /** Resolves at the end of the wait. */
  get done(): Promise<void> {
    return this.#done;
  }
}

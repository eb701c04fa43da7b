import type { Clock } from '../base/clock.js';
import type { PhoneCall } from '../phone/phone-call.js';
import { type CallWatch, pause, type Seen } from './call-watch.js';

/** A line that can be played: its text, and its sound at 8000 Hz. */
export interface CallerLine {
  readonly text: string;
  readonly samples: Int16Array;
}

/** What the caller said, with times measured on the caller's side ({@link Clock.now}). */
export interface SpokenLine {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface PressedDigit {
  readonly digit: string;
  readonly atMs: number;
}

export interface CallerParts<Line extends string> {
  readonly call: Pick<PhoneCall, 'say' | 'press' | 'hangUp' | 'ended'>;
  readonly lines: Readonly<Record<Line, CallerLine>>;
  readonly watch: CallWatch;
  readonly clock: Clock;
  tell(line: string): void;
  /** Who it is, in what is told. Default: the caller. */
  readonly name?: string;
}

const KEY_PAUSE_MS = 150;
/** Silence of the agent after which a person speaks, ms. */
const PAUSE_MS = 400;
/** How long a caller waits for an answer that was looked up, ms. */
const LOOK_UP_MS = 8_000;
/** How soon an answer follows its look-up, ms. */
const ANSWER_MS = 2_500;

/** A caller who listens, speaks, presses keys and hangs up. Once the call is over every method returns at once. */
export class Caller<Line extends string = string> {
  readonly #parts: CallerParts<Line>;
  readonly #spoken: SpokenLine[] = [];
  readonly #pressed: PressedDigit[] = [];
  #over = false;
  /** Answers that were heard when the caller last asked for one. */
  #answered: number | undefined;

  constructor(parts: CallerParts<Line>) {
    this.#parts = parts;
    void parts.call.ended.then(() => {
      this.#over = true;
    });
  }

  /** What was said and pressed so far. */
  get spoken(): readonly SpokenLine[] {
    return this.#spoken;
  }

  get pressed(): readonly PressedDigit[] {
    return this.#pressed;
  }

  get seen(): Seen {
    return this.#parts.watch.seen;
  }

  /** Resolves with true once it has come to that, with false when patience runs out or the call is over. */
  until(reached: (seen: Seen) => boolean, patienceMs?: number): Promise<boolean> {
    return this.#parts.watch.until(reached, this.#parts.call.ended, patienceMs);
  }

  /** Resolves with what `event` brings; with `undefined` when patience runs out or the call is over. */
  async awaits<T>(event: Promise<T>, patienceMs: number): Promise<T | undefined> {
    let brought: T | undefined;
    const come = event.then((value) => {
      brought = value;
    });
    await pause(patienceMs, this.#parts.clock, Promise.race([come, this.#parts.call.ended]));
    return brought;
  }

  wait(ms: number): Promise<void> {
    return pause(ms, this.#parts.clock, this.#parts.call.ended);
  }

  /** Lets the agent begin and finish: to answer, where something was said that wants an answer. */
  async listen(): Promise<void> {
    const answered = this.#answered;
    await this.until((seen) => (answered === undefined ? seen.speaking : seen.answers > answered));
    await this.#listenToEnd();
  }

  /** The same where the agent looks something up first, and may say so. `before`: what was seen before it was asked. */
  async listenToLookUp(before: Seen): Promise<void> {
    await this.until((seen) => seen.tools > before.tools, LOOK_UP_MS);
    await this.until((seen) => seen.starts > seen.startsAtTool, ANSWER_MS);
    await this.#listenToEnd();
  }

  /** Resolves when the last of it has been said. */
  async say(name: Line): Promise<void> {
    if (this.#over) return;
    const { call, clock, lines, tell, name: who = 'caller' } = this.#parts;
    const { text, samples } = lines[name];
    this.#answered = this.seen.answers;
    tell(`          ${who}: "${text}"`);
    const startMs = clock.now();
    await call.say(samples);
    this.#spoken.push({ text, startMs, endMs: clock.now() });
  }

  /** Plays what are no words, such as music. Resolves when the last of it has left. */
  async play(what: string, samples: Int16Array): Promise<void> {
    if (this.#over) return;
    const { call, tell, name: who = 'caller' } = this.#parts;
    tell(`          ${who}: (${what})`);
    await call.say(samples);
  }

  async press(keys: string): Promise<void> {
    if (this.#over) return;
    const { call, clock, tell, name: who = 'caller' } = this.#parts;
    tell(`          ${who} presses ${keys}`);
    this.#answered = undefined;
    for (const digit of keys) {
      this.#pressed.push({ digit, atMs: clock.now() });
      if (!(await call.press(digit))) return;
      await this.wait(KEY_PAUSE_MS);
    }
  }

  async #listenToEnd(): Promise<void> {
    do await this.until((seen) => !seen.speaking);
    while (!this.#over && (await this.until((seen) => seen.speaking, PAUSE_MS)));
  }

  /** Hangs up, if the other side has not, and waits until the call is over. */
  async hangUp(): Promise<void> {
    this.#parts.call.hangUp();
    await this.#parts.call.ended;
  }
}

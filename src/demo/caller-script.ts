import type { Clock, TimerHandle } from '../base/clock.js';
import type { CallEvent } from '../ops/call-event.js';
import type { PhoneCall } from '../phone/phone-call.js';

/** What the demo's caller says, with times measured on the caller's side ({@link Clock.now}). */
export interface SpokenLine {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface PressedDigit {
  readonly digit: string;
  readonly atMs: number;
}

/** What came of the script. */
export interface ScriptOutcome {
  readonly spoken: readonly SpokenLine[];
  readonly pressed: readonly PressedDigit[];
}

/** The caller's lines, as samples at 8000 Hz. */
export interface CallerLines {
  readonly request: { readonly text: string; readonly samples: Int16Array };
  readonly interruption: { readonly text: string; readonly samples: Int16Array };
}

export const callerTexts = {
  request: 'I would like to book a haircut for next Tuesday at three.',
  interruption: 'Thank you that is enough for me!',
} as const satisfies Record<keyof CallerLines, string>;

/** What the caller dials, for the agent to read back. */
const KEYS = '4271950';
const KEY_PAUSE_MS = 150;
/** How far into the agent's sentence the caller interrupts, ms. */
const INTERRUPT_AFTER_MS = 2000;
/** A person's pause before speaking, ms. */
const PAUSE_MS = 400;
/** Longest wait for the agent at any point, ms. */
const PATIENCE_MS = 15_000;

/** Waits for what the agent does, by the connector's own events. */
export class AgentWatch {
  #speaking = false;
  #waiting: { wanted: boolean; resolve: () => void }[] = [];

  /** To be subscribed to the connector's events. */
  readonly onEvent = (event: CallEvent): void => {
    if (event.type !== 'agent-speaking') return;
    this.#speaking = event.speaking;
    this.#waiting = this.#waiting.filter((waiter) => {
      if (waiter.wanted !== this.#speaking) return true;
      waiter.resolve();
      return false;
    });
  };

  /**
   * Resolves at the next time the agent begins (`true`) or stops speaking, at once if it is so already, after 15 s in any
   * case, and when the call is `over`.
   */
  async until(speaking: boolean, clock: Clock, over: Promise<unknown>): Promise<void> {
    if (this.#speaking === speaking) return;
    await pause(
      PATIENCE_MS,
      clock,
      Promise.race([over, new Promise<void>((resolve) => this.#wait(speaking, resolve))]),
    );
  }

  #wait(wanted: boolean, resolve: () => void): void {
    this.#waiting.push({ wanted, resolve });
  }
}

/** Waits `ms`, or until `over` is settled. */
async function pause(ms: number, clock: Clock, over: Promise<unknown>): Promise<void> {
  let timer: TimerHandle | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, ms);
  });
  await Promise.race([elapsed, over]);
  clock.clearTimeout(timer);
}

/**
 * A caller who listens, asks, presses keys, interrupts the agent as it reads them back, and hangs up. A call that ends
 * before leaves the rest undone, at once.
 */
export async function playScript(
  call: PhoneCall,
  lines: CallerLines,
  agent: AgentWatch,
  clock: Clock,
  tell: (line: string) => void,
): Promise<ScriptOutcome> {
  const spoken: SpokenLine[] = [];
  const pressed: PressedDigit[] = [];
  let over = false;
  void call.ended.then(() => {
    over = true;
  });
  const wait = (ms: number): Promise<void> => pause(ms, clock, call.ended);
  const say = async (line: CallerLines[keyof CallerLines]): Promise<void> => {
    if (over) return;
    tell(`          caller: "${line.text}"`);
    const startMs = clock.now();
    await call.say(line.samples);
    spoken.push({ text: line.text, startMs, endMs: clock.now() });
  };
  const listen = async (): Promise<void> => {
    await agent.until(true, clock, call.ended);
    await agent.until(false, clock, call.ended);
  };
  const press = async (): Promise<void> => {
    if (over) return;
    tell(`          caller presses ${KEYS}`);
    for (const digit of KEYS) {
      pressed.push({ digit, atMs: clock.now() });
      if (!(await call.press(digit))) return;
      await wait(KEY_PAUSE_MS);
    }
  };

  await listen();
  await wait(PAUSE_MS);
  await say(lines.request);
  await listen();
  await wait(PAUSE_MS);
  await press();
  await agent.until(true, clock, call.ended);
  await wait(INTERRUPT_AFTER_MS);
  await say(lines.interruption);
  await listen();
  await wait(PAUSE_MS);
  call.hangUp();
  await call.ended;
  return { spoken, pressed };
}

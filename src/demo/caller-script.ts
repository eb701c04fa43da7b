import type { Clock } from '../base/clock.js';
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
  #changes = 0;
  #waiting: { wanted: boolean; after: number; resolve: () => void }[] = [];

  /** To be subscribed to the connector's events. */
  readonly onEvent = (event: CallEvent): void => {
    if (event.type !== 'agent-speaking') return;
    this.#speaking = event.speaking;
    this.#changes += 1;
    this.#waiting = this.#waiting.filter((waiter) => {
      if (waiter.wanted !== this.#speaking || this.#changes <= waiter.after) return true;
      waiter.resolve();
      return false;
    });
  };

  /** Resolves at the next time the agent begins (`true`) or stops speaking; at once if it is so already. */
  async until(speaking: boolean, clock: Clock): Promise<void> {
    if (this.#speaking === speaking) return;
    let resolve = (): void => {};
    const reached = new Promise<void>((done) => {
      resolve = done;
    });
    const waiter = { wanted: speaking, after: this.#changes, resolve };
    this.#waiting.push(waiter);
    const timer = clock.setTimeout(resolve, PATIENCE_MS);
    await reached;
    clock.clearTimeout(timer);
  }
}

/** A caller who listens, asks, presses keys, interrupts the agent as it reads them back, and hangs up. */
export async function playScript(
  call: PhoneCall,
  lines: CallerLines,
  agent: AgentWatch,
  clock: Clock,
  tell: (line: string) => void,
): Promise<ScriptOutcome> {
  const spoken: SpokenLine[] = [];
  const pressed: PressedDigit[] = [];
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  const say = async (line: CallerLines[keyof CallerLines]): Promise<void> => {
    tell(`          caller: "${line.text}"`);
    const startMs = clock.now();
    await call.say(line.samples);
    spoken.push({ text: line.text, startMs, endMs: clock.now() });
  };
  const listen = async (): Promise<void> => {
    await agent.until(true, clock);
    await agent.until(false, clock);
  };

  await listen();
  await wait(PAUSE_MS);
  await say(lines.request);
  await listen();
  await wait(PAUSE_MS);
  tell(`          caller presses ${KEYS}`);
  for (const digit of KEYS) {
    pressed.push({ digit, atMs: clock.now() });
    await call.press(digit);
    await wait(KEY_PAUSE_MS);
  }
  await agent.until(true, clock);
  await wait(INTERRUPT_AFTER_MS);
  await say(lines.interruption);
  await listen();
  await wait(PAUSE_MS);
  call.hangUp();
  await call.ended;
  return { spoken, pressed };
}

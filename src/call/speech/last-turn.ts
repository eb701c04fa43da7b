import type { Clock, TimerHandle } from '../../base/clock.js';
import { MOST_FAREWELL_MS } from './farewell.js';

/** Whoever asks the agent for its last turn, and waits for the end of it. */
export interface AskedTurn {
  /** A session is there that can do something. */
  there(): boolean;
  /** The agent has hung up: what it says of its tools from then on is nobody's business. */
  left(): boolean;
  /** Called once, unless one of the others is: it has hung up. */
  onLeft(): void;
  /** The same: it has done what it wanted, or had all the time there is. */
  onOver(): void;
  /** The same: it has done nothing at all, or was lost before it said a word. */
  onIdle(): void;
}

export interface LastTurnParts extends AskedTurn {
  readonly clock: Clock;
  /** Time the agent may take to begin, ms. */
  readonly beginMs: number;
  /** The agent speaks, is about to, or has a tool that runs. */
  busy(): boolean;
}

/** How often is looked, ms. */
const LOOK_MS = 100;
/** What a model does at once comes in pieces: the goodbye may have been heard before the call of a tool is there. ms */
const QUIET_MS = 2_000;

/**
 * The last turn of an agent whose call will be ended: it may speak, use tools and say something of them, for a minute at
 * most. Waits until it has done so.
 */
export class LastTurn {
  readonly #parts: LastTurnParts;
  readonly #beganAtMs: number;
  #acted = false;
  #spoke = false;
  #quietSinceMs: number;
  #timer: TimerHandle | undefined;

  /** The agent is asked at once behind this. */
  constructor(parts: LastTurnParts) {
    this.#parts = parts;
    this.#beganAtMs = parts.clock.now();
    this.#quietSinceMs = this.#beganAtMs;
    this.#arm();
  }

  /** The agent begins to speak, or calls a tool. */
  onAct(act: 'speech' | 'tool'): void {
    this.#acted = true;
    this.#spoke ||= act === 'speech';
    this.#quietSinceMs = this.#parts.clock.now();
  }

  /** Nobody waits for it any more. */
  close(): void {
    this.#parts.clock.clearTimeout(this.#timer);
  }

  #arm(): void {
    this.#timer = this.#parts.clock.setTimeout(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    const { clock, beginMs, there, left, busy, onLeft, onOver, onIdle } = this.#parts;
    const nowMs = clock.now();
    if (busy()) this.#quietSinceMs = nowMs;
    const mostQuietMs = this.#acted ? QUIET_MS : beginMs;
    const goesOn = nowMs - this.#quietSinceMs < mostQuietMs && nowMs - this.#beganAtMs < MOST_FAREWELL_MS;
    if (left()) onLeft();
    else if (goesOn && there()) this.#arm();
    else if (this.#spoke || (this.#acted && there())) onOver();
    else onIdle();
  }
}

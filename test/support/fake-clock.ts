import type { Clock, TimerHandle } from '../../src/base/clock.js';

interface FakeTimer {
  readonly id: number;
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that moves only when told to. Timers fire in order of their due time, at that time. */
export class FakeClock implements Clock {
  #nowMs: number;
  #nextId = 1;
  readonly #timers = new Map<number, FakeTimer>();
  #epochMs: number;

  constructor(startMs = 0, epochMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return this.#epochMs + this.#nowMs;
  }

  /** A time server has set the clock: no timer is any nearer or farther. */
  stepWallTime(ms: number): void {
    this.#epochMs += ms;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const id = this.#nextId++;
    this.#timers.set(id, { id, dueMs: this.#nowMs + Math.max(delayMs, 0), callback });
    return id;
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    if (typeof timer === 'number') this.#timers.delete(timer);
  }

  /** Timers not yet fired or cleared. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time on by `ms`, firing what falls due on the way, timers set by callbacks included. */
  advance(ms: number): void {
    const targetMs = this.#nowMs + ms;
    for (;;) {
      let next: FakeTimer | undefined;
      for (const timer of this.#timers.values()) {
        if (timer.dueMs > targetMs) continue;
        if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.id < next.id)) next = timer;
      }
      if (!next) break;
      this.#timers.delete(next.id);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = targetMs;
  }

  /** Like {@link advance}, letting promises settle between steps of `stepMs`. */
  async advanceAsync(ms: number, stepMs = 5): Promise<void> {
    for (let elapsed = 0; elapsed < ms; elapsed += stepMs) {
      this.advance(Math.min(stepMs, ms - elapsed));
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  }
}

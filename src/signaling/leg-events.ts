import type { LegEnd, LegEvent } from './port.js';

/** Events kept for a listener that has not been set yet; `ended` always finds room. */
const MAX_WAITING = 64;

/**
 * The events of one leg on their way to its listener: in order, none after `ended`, `ended` exactly once. A listener
 * that throws, or whose promise rejects, is reported and hurts nobody else.
 */
export class LegEvents {
  readonly #onFault: (error: unknown) => void;
  #listener: ((event: LegEvent) => unknown) | undefined;
  #waiting: LegEvent[] = [];
  #ended = false;

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** The end has been decided: delivered, or about to be. */
  get ended(): boolean {
    return this.#ended;
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#deliver(event);
  }

  emit(event: Exclude<LegEvent, { type: 'ended' }>): void {
    if (!this.#ended) this.#deliver(event);
  }

  /** {@link emit} once the caller has finished: for what one of the leg's own methods brought about. */
  emitLater(event: Exclude<LegEvent, { type: 'ended' }>): void {
    queueMicrotask(() => this.emit(event));
  }

  /** Ends the leg now: for what came from the wire. */
  end(end: LegEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deliver({ type: 'ended', end });
  }

  /** Ends the leg once the caller has finished: for what one of the leg's own methods brought about. */
  endLater(end: LegEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    queueMicrotask(() => this.#deliver({ type: 'ended', end }));
  }

  #deliver(event: LegEvent): void {
    if (this.#listener === undefined) {
      if (this.#waiting.length < MAX_WAITING || event.type === 'ended') this.#waiting.push(event);
      return;
    }
    runGuarded(() => this.#listener?.(event), this.#onFault);
  }
}

/** Runs a callback of the connector; what it throws, or rejects with, goes to `onFault`. */
export function runGuarded(callback: () => unknown, onFault: (error: unknown) => void): void {
  try {
    const result = callback();
    if (result instanceof Promise) result.catch(onFault);
  } catch (error) {
    onFault(error);
  }
}

import type { CallSummary } from '../ops/call-event.js';

/** What the registry needs of a call. */
export interface RegisteredCall {
  readonly id: string;
  summary(): CallSummary;
  end(by: 'admin' | 'drain'): void;
  /** False where it is not recorded. */
  pauseRecording(paused: boolean): boolean;
}

/** The calls in progress, from the admitted INVITE to the written record. */
export class CallRegistry {
  readonly #calls = new Map<string, RegisteredCall>();
  readonly #waiting: (() => void)[] = [];

  get size(): number {
    return this.#calls.size;
  }

  add(call: RegisteredCall): void {
    this.#calls.set(call.id, call);
  }

  delete(id: string): void {
    this.#calls.delete(id);
    if (this.#calls.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  get(id: string): RegisteredCall | undefined {
    return this.#calls.get(id);
  }

  summaries(): CallSummary[] {
    return [...this.#calls.values()].map((call) => call.summary());
  }

  /** Ends every call. */
  endAll(by: 'admin' | 'drain'): void {
    for (const call of [...this.#calls.values()]) call.end(by);
  }

  /** Resolves when there is no call left. */
  async empty(): Promise<void> {
    if (this.#calls.size === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

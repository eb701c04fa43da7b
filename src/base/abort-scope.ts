/** A signal that is given back when what it was for is over. */
export interface ScopedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Gives out signals that abort when their owner closes, for owners that live long. `AbortSignal.any` would do the same,
 * but Node 20 keeps a trace of each signal it makes (57 bytes) with every one that it was made of, and keeps those that
 * somebody still listens to whole, with what the listener holds. Here nothing is left of a signal that was given back.
 */
export class AbortScope {
  readonly #open = new Set<AbortController>();
  #closed = false;
  #reason: unknown;

  /** Signals that were not given back. */
  get size(): number {
    return this.#open.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * A signal for one who listens.
   *
   * @param other aborts it as well. It is listened to until the signal is given back: not for one that a crowd shares.
   */
  open(other?: AbortSignal): ScopedSignal {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(other?.reason);
    if (this.#closed) controller.abort(this.#reason);
    else if (other?.aborted) onAbort();
    else {
      this.#open.add(controller);
      other?.addEventListener('abort', onAbort, { once: true });
    }
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        this.#open.delete(controller);
        other?.removeEventListener('abort', onAbort);
      },
    };
  }

  /** Aborts all of them, and whatever is asked for from now on. The first reason counts. */
  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason ?? new DOMException('This operation was aborted', 'AbortError');
    for (const controller of [...this.#open]) controller.abort(this.#reason);
    this.#open.clear();
  }
}

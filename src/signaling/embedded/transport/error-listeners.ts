/** The `onError` side of a flow. */
export class ErrorListeners {
  /** Made for the first: the flow of a call that is up has none. */
  #listeners: Set<(error: Error) => void> | undefined;

  /** Returns the function that unsubscribes. */
  add(listener: (error: Error) => void): () => void {
    // Wrapped, so that one function subscribed twice is called twice and each unsubscribes for itself.
    const entry = (error: Error): void => listener(error);
    this.#listeners ??= new Set();
    this.#listeners.add(entry);
    return () => void this.#listeners?.delete(entry);
  }

  emit(error: Error): void {
    for (const listener of [...(this.#listeners ?? [])]) listener(error);
  }

  /** Like {@link emit}, after the caller has finished. */
  emitLater(error: Error): void {
    queueMicrotask(() => this.emit(error));
  }
}

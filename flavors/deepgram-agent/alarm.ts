/** One timer that is set, moved and stopped. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  /** Calls `callback` once after `delayMs`, in place of what was to be called before. */
  set(delayMs: number, callback: () => void): void {
    this.clear();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      callback();
    }, delayMs);
  }

  get pending(): boolean {
    return this.#timer !== undefined;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

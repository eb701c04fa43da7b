/** Whatever waits for its turn. */
export interface LaneUser {
  /** It is its turn. Called once. */
  readonly start: () => void;
}

/** Lets so many through at once; the others wait, the first first. */
export class MiLane {
  readonly #atOnce: number;
  #started = 0;
  readonly #waiting = new Set<LaneUser>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Starts the user now, or when others have left. */
  enter(user: LaneUser): void {
    this.#waiting.add(user);
    this.#proceed();
  }

  /** It is done, or does not wait for its turn any longer. */
  leave(user: LaneUser): void {
    if (this.#waiting.delete(user)) return;
    this.#started -= 1;
    this.#proceed();
  }

  #proceed(): void {
    if (this.#started >= this.#atOnce) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#started += 1;
      next.start();
      return;
    }
  }
}

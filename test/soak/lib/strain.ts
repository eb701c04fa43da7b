const EVERY_MS = 20;
/** Objects made each time: some tens of megabytes a second. */
const OBJECTS = 10_000;
/** Rounds whose objects are kept, so that collecting them is work. */
const KEPT_ROUNDS = 40;
/** Rounds from one full collection to the next. */
const COLLECT_ROUNDS = 10;

/** Makes garbage in this process, and has it collected (`--expose-gc`). */
export class Strain {
  #timer: NodeJS.Timeout | undefined;
  readonly #kept: object[][] = [];
  #rounds = 0;

  set(on: boolean): void {
    clearInterval(this.#timer);
    this.#kept.length = 0;
    if (on) this.#timer = setInterval(() => this.#work(), EVERY_MS);
  }

  #work(): void {
    this.#rounds += 1;
    this.#kept.push(Array.from({ length: OBJECTS }, (_, index) => ({ index, text: `object ${index}` })));
    if (this.#kept.length > KEPT_ROUNDS) this.#kept.shift();
    if (this.#rounds % COLLECT_ROUNDS === 0) globalThis.gc?.();
  }
}

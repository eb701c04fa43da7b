import type { Clock } from '../base/clock.js';
import type { Logger } from '../flavor-api/index.js';

/** The same warning is written once in so long, ms; how often it came meanwhile stands in the next line. */
const SAME_MS = 10_000;
/** Warnings that are told apart: their texts come from flavors. */
const MOST_KINDS = 50;

/** Warnings of one call, as its log has them: where every engine is down, each attempt to speak brings dozens that say the same. */
export class WarningLines {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #log: Pick<Logger, 'warn'>;
  #kinds: Map<string, { readonly writtenAtMs: number; repeated: number }> | undefined;

  constructor(clock: Pick<Clock, 'now'>, log: Pick<Logger, 'warn'>) {
    this.#clock = clock;
    this.#log = log;
  }

  write(code: string, detail: string): void {
    const kind = `${code} ${detail}`;
    const nowMs = this.#clock.now();
    this.#kinds ??= new Map();
    const before = this.#kinds.get(kind);
    if (before && nowMs - before.writtenAtMs < SAME_MS) {
      before.repeated += 1;
      return;
    }
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.set(kind, { writtenAtMs: nowMs, repeated: 0 });
    this.#log.warn(
      { code, detail, ...(before && before.repeated > 0 && { repeated: before.repeated }) },
      'flavor warning',
    );
  }
}

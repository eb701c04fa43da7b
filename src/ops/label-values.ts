/** Stands for every value of a label that is not known. */
export const OTHER_LABEL = 'other';

/**
 * Keeps a metric's label bounded: values outside the known set become `other`. Some sets are known beforehand; others
 * are learnt, up to a limit.
 */
export class LabelValues {
  #known: ReadonlySet<string>;
  readonly #learnt = new Set<string>();
  readonly #learnUpTo: number;

  /** @param learnUpTo Values beyond `known` that are taken as they come. */
  constructor(known: Iterable<string>, learnUpTo = 0) {
    this.#known = new Set(known);
    this.#learnUpTo = learnUpTo;
  }

  /** Replaces what is known: a configuration was reloaded. */
  setKnown(known: Iterable<string>): void {
    this.#known = new Set(known);
  }

  /** The value to use as label. */
  of(value: string): string {
    if (this.#known.has(value) || this.#learnt.has(value)) return value;
    if (this.#learnt.size >= this.#learnUpTo) return OTHER_LABEL;
    this.#learnt.add(value);
    return value;
  }
}

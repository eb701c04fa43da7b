import type { HeardLine } from './options.js';

/** A caller speaks about so fast, ms a letter. */
const LETTER_MS = 60;

/** What the next turns are taken for, whoever they come over. */
export class HeardScript {
  readonly #lines: readonly HeardLine[];
  #next = 0;

  constructor(lines: readonly HeardLine[]) {
    this.#lines = lines;
  }

  /** The parts of the turn under way. */
  get parts(): readonly string[] {
    const line = this.#lines[Math.min(this.#next, this.#lines.length - 1)] ?? '';
    return typeof line === 'string' ? [line] : line;
  }

  /** The words of part `index` that fit into `spokenMs`; at least one. */
  beginningOf(index: number, spokenMs: number): string {
    const words = (this.parts[index] ?? '').split(' ');
    let letters = 0;
    const said = words.filter((word) => {
      letters += word.length + 1;
      return letters * LETTER_MS <= spokenMs;
    });
    return (said.length === 0 ? words.slice(0, 1) : said).join(' ');
  }

  /** The turn is over. */
  advance(): void {
    this.#next += 1;
  }
}

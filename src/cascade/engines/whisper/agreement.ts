import { plainWord, wordsOf } from './words.js';

/**
 * What of a segment is settled while it is being said: words that two hypotheses in a row agree upon. The last words of
 * a hypothesis are guesses, for the audio may end within them. What is settled stays so until the segment is final.
 */
export class Agreement {
  #settled: readonly string[] = [];
  #before: readonly string[] | undefined;

  /** Takes the next hypothesis, of more audio than the one before; returns what is settled, in its latest spelling. */
  add(hypothesis: string): string {
    const words = wordsOf(hypothesis);
    // The first has nothing to agree with: its last word is the doubtful one.
    const agreed = this.#before === undefined ? words.length - 1 : agreedWords(this.#before, words);
    this.#before = words;
    if (agreed > this.#settled.length) this.#settled = words.slice(0, agreed);
    return this.#settled.join(' ');
  }
}

function agreedWords(one: readonly string[], other: readonly string[]): number {
  let count = 0;
  while (count < one.length && count < other.length && plainWord(one[count]) === plainWord(other[count])) count += 1;
  return count;
}

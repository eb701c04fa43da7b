/** A transcript is read so far, and a phrase may have so many words. */
const MAX_CHARS = 400;
const MAX_PHRASE_WORDS = 4;

/** By their list: the calls of a route have one, and all look at the same set. */
const phraseSets = new WeakMap<readonly string[], ReadonlySet<string>>();

/**
 * Tells what only shows that somebody listens from what somebody says. Case, punctuation, accents and repeated letters
 * ("mmm", "yeahhh") make no difference, nor does a hyphen or blank within a phrase ("uh huh").
 */
export class BackChannels {
  readonly #phrases: ReadonlySet<string>;

  constructor(phrases: readonly string[]) {
    let known = phraseSets.get(phrases);
    if (!known) {
      known = new Set(phrases.map((phrase) => squeeze(wordsOf(phrase))).filter((phrase) => phrase !== ''));
      phraseSets.set(phrases, known);
    }
    this.#phrases = known;
  }

  /** Words in `text`, and whether it consists of nothing but phrases of a listener. */
  read(text: string): { readonly count: number; readonly backChannel: boolean } {
    const words = wordsOf(text.slice(0, MAX_CHARS));
    return { count: words.length, backChannel: words.length > 0 && this.#covers(words) };
  }

  #covers(words: readonly string[]): boolean {
    // `reached[n]`: the first n words are phrases to their last word.
    const reached = [true];
    for (let end = 1; end <= words.length; end += 1) {
      let covered = false;
      for (let start = Math.max(0, end - MAX_PHRASE_WORDS); start < end && !covered; start += 1) {
        covered = reached[start] === true && this.#phrases.has(squeeze(words.slice(start, end)));
      }
      reached.push(covered);
    }
    return reached[words.length] === true;
  }
}

function wordsOf(text: string): readonly string[] {
  const plain = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '');
  return plain.match(/[\p{L}\p{N}']+/gu)?.filter((word) => /[\p{L}\p{N}]/u.test(word)) ?? [];
}

/** One word of them all, each letter once where it is repeated. */
function squeeze(words: readonly string[]): string {
  return words
    .join('')
    .replace(/'/g, '')
    .replace(/(.)\1+/gu, '$1');
}

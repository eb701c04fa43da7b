/** The words of a turn as far as they have come. */
export interface CallerText {
  /** Words that come before, of which the recogniser tells nothing any more: its stream is lost, or its own turn over. */
  readonly kept: string;
  /** Segments that are final. */
  readonly finals: string;
  /** The segment under way. */
  readonly interim: string;
  /** Words at the beginning of the segment under way that an earlier turn has taken already. */
  readonly taken: string;
}

export const noText: CallerText = { kept: '', finals: '', interim: '', taken: '' };

/** Longest text of one turn, characters. What comes beyond it is dropped. */
const MAX_TEXT = 20_000;

/** A transcript of the segment under way. */
export function addTranscript(known: CallerText, text: string, final: boolean): CallerText {
  const rest = withoutTaken(text.trim(), known.taken);
  if (!final) return { ...known, interim: rest };
  return { ...known, finals: join(known.finals, rest), interim: '', taken: '' };
}

/** All words so far. */
export function wholeText({ kept, finals, interim }: CallerText): string {
  return join(kept, join(finals, interim));
}

/** What is there stays, whatever the recogniser says next. `retold`: but for the segment under way, which it tells anew. */
export function keep(known: CallerText, retold = false): CallerText {
  if (retold) return { ...known, kept: join(known.kept, known.finals), finals: '' };
  return { ...noText, kept: wholeText(known) };
}

/** The turn is taken: its words are no part of the next, also if the segment under way repeats them. */
export function afterTurn({ interim, taken }: CallerText): CallerText {
  return { ...noText, taken: interim === '' ? '' : join(taken, interim) };
}

/** Words that come before others. */
export function before(earlier: CallerText, later: CallerText): CallerText {
  const finals = join(join(earlier.finals, earlier.interim), later.finals);
  return { ...later, kept: join(earlier.kept, later.kept), finals };
}

export function sameWords(one: string, other: string): boolean {
  return one.trim().replace(/\s+/gu, ' ') === other.trim().replace(/\s+/gu, ' ');
}

function join(one: string, other: string): string {
  return `${one} ${other}`.trim().slice(0, MAX_TEXT);
}

/**
 * `text` without its beginning, as far as that repeats `taken`: word by word, spelling and punctuation may have been
 * revised. A text that begins otherwise is another segment.
 */
function withoutTaken(text: string, taken: string): string {
  if (taken === '' || text === '') return text;
  const words = text.split(/\s+/u);
  const known = taken.split(/\s+/u);
  const same = known.filter((word, index) => plain(word) === plain(words[index] ?? '')).length;
  return same * 2 >= Math.min(known.length, words.length) ? words.slice(known.length).join(' ') : text;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

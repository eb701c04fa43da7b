export interface ClauseSplitterOptions {
  /** The first piece may end at a comma or before a conjunction once it has this many characters. */
  readonly firstClauseCharacters: number;
  /** Longest piece; longer ones are cut at a comma, or between words. */
  readonly maxCharacters: number;
}

export const clauseSplitterDefaults = {
  firstClauseCharacters: 20,
  maxCharacters: 240,
} as const satisfies ClauseSplitterOptions;

/** Behind the longest piece, what tells whether it may end there, characters. */
const LOOK_AHEAD = 40;

/** What ends a sentence, with the quotes and brackets that close behind it, and the blank that proves it. */
const SENTENCE_END = /[.!?…]+["'”’»)\]]*(?=\s)|[。！？]+[”’」』）]*|\n/gu;
/** A pause within a sentence: a mark with a blank after it, or the blank before a conjunction. */
const CLAUSE_END = /[,;:][”"’)\]]?(?=\s)|\s[–—-](?=\s)|[，；、]/gu;
const CONJUNCTION =
  /\s(?=(?:and|but|or|so|because|which|while|although|und|aber|oder|weil|denn|sondern|et|mais|car|donc|y|pero|porque|aunque)\s)/giu;

/** Words that carry a full stop and are followed by more. Lower case, without the last stop. */
const ABBREVIATIONS = new Set(
  (
    'mr mrs ms dr prof st sr jr rev gen col lt sgt capt hon gov sen rep ave blvd rd apt dept no nos vs etc approx ca cf ' +
    'e.g i.e a.m p.m inc ltd co corp tel ext min max fig vol pp ed est jan feb mar apr jun jul aug sep sept oct nov dec ' +
    'mon tue wed thu fri sat sun bzw z.b d.h u.a usw nr str hr fr tel.nr ggf evtl inkl zzgl mme mlle art sra srta av'
  ).split(' '),
);

/**
 * Cuts the text of an answer, as it comes, into pieces to be spoken one by one: the first as soon as it is a clause, so
 * that the voice can begin, then whole sentences. A number, an abbreviation, initials and an address are never cut.
 *
 * The pieces, joined, are the text, blanks included.
 */
export class ClauseSplitter {
  readonly #options: ClauseSplitterOptions;
  #text = '';
  #pieces = 0;

  constructor(options: ClauseSplitterOptions = clauseSplitterDefaults) {
    this.#options = options;
  }

  /** More of the text. Returns the pieces that are complete with it. */
  push(text: string): readonly string[] {
    this.#text += text;
    const pieces: string[] = [];
    for (let end = this.#end(); end !== undefined; end = this.#end()) pieces.push(this.#take(end));
    return pieces;
  }

  /** The text is complete. Returns what is left of it. */
  flush(): readonly string[] {
    const pieces: string[] = [];
    while (this.#text.length > this.#options.maxCharacters) pieces.push(this.#take(this.#forcedEnd()));
    if (this.#text !== '') pieces.push(this.#take(this.#text.length));
    return pieces;
  }

  #take(end: number): string {
    const piece = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    if (piece.trim() !== '') this.#pieces += 1;
    return piece;
  }

  /** Where the next piece ends, or `undefined` while that is not known. */
  #end(): number | undefined {
    // No piece is longer: what lies far behind is looked at when its turn comes, and not again for each piece before it.
    const near = this.#text.slice(0, this.#options.maxCharacters + LOOK_AHEAD);
    const sentence = sentenceEnd(near);
    const clause = this.#pieces === 0 ? clauseEnd(near, this.#options.firstClauseCharacters) : undefined;
    const end = Math.min(sentence ?? Number.POSITIVE_INFINITY, clause ?? Number.POSITIVE_INFINITY);
    if (end <= this.#options.maxCharacters) return end;
    return this.#text.length > this.#options.maxCharacters ? this.#forcedEnd() : undefined;
  }

  /** Where a piece that is too long is cut. */
  #forcedEnd(): number {
    const limit = this.#options.maxCharacters;
    const window = this.#text.slice(0, limit);
    const clause = lastClauseEnd(window, limit / 2);
    if (clause !== undefined) return clause;
    const blank = window.search(/\s\S*$/u);
    if (blank > 0) return blank + 1;
    // Not between the halves of a surrogate pair.
    return /[\uD800-\uDBFF]$/u.test(window) && limit > 1 ? limit - 1 : limit;
  }
}

/**
 * The clauses of a text that is complete, blanks included: cut after sentences and at pauses within them, where each is
 * at least `least` characters long. A single one where there is no such place.
 */
export function clausesOf(text: string, least: number): readonly string[] {
  const clauses: string[] = [];
  let rest = text;
  for (;;) {
    const end = Math.min(
      clauseEnd(rest, least) ?? Number.POSITIVE_INFINITY,
      sentenceEndAfter(rest, least) ?? Number.POSITIVE_INFINITY,
    );
    if (end >= rest.length || rest.slice(end).trim().length < least) break;
    clauses.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...clauses, rest];
}

function sentenceEndAfter(text: string, least: number): number | undefined {
  let from = 0;
  for (;;) {
    const end = sentenceEnd(text.slice(from));
    if (end === undefined) return undefined;
    from += end;
    if (text.slice(0, from).trim().length >= least) return from;
  }
}

/** The first place after which a new sentence begins; only where the character after it is known. */
function sentenceEnd(text: string): number | undefined {
  for (const match of text.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    if (text.slice(0, end).trim() === '') continue;
    if (match[0].startsWith('.') && !match[0].startsWith('..') && !isFullStop(text, match.index)) continue;
    return end;
  }
  return undefined;
}

/** Whether the stop at `index` ends a sentence. What comes after it may still be on its way. */
function isFullStop(text: string, index: number): boolean {
  const word = /\S*$/u.exec(text.slice(0, index))?.[0].replace(/^["'“‘«([]+/u, '') ?? '';
  if (ABBREVIATIONS.has(word.toLowerCase())) return false;
  // Initials: `J. Smith`, `U.S. law`.
  if (/^(?:\p{L}\.)*\p{Lu}$/u.test(word) && word !== 'I') return false;
  // An ordinal or the number of a list, as in `am 3. Mai`; numbers that are longer end sentences too.
  return !/^\d{1,2}$/u.test(word);
}

/** The first pause within the sentence after at least `least` characters. */
function clauseEnd(text: string, least: number): number | undefined {
  return clauseEnds(text).find((end) => text.slice(0, end).trim().length >= least);
}

function lastClauseEnd(text: string, least: number): number | undefined {
  return clauseEnds(text).findLast((end) => end >= least);
}

function clauseEnds(text: string): readonly number[] {
  const marks = [...text.matchAll(CLAUSE_END)]
    .map(({ 0: mark, index }) => index + mark.length)
    .filter((end) => !withinNumbers(text, end));
  const words = [...text.matchAll(CONJUNCTION)]
    .map(({ index }) => index + 1)
    .filter((end) => !withinNumbers(text, end) && !/[,;:–—-]\s*$/u.test(text.slice(0, end)));
  return [...marks, ...words].toSorted((one, other) => one - other);
}

/** Digits before and after, or nothing known of what comes after digits: `555, 0123`, `twenty and 5` stay whole. */
function withinNumbers(text: string, end: number): boolean {
  if (!/\d[\s,;:–—-]*$/u.test(text.slice(0, end))) return false;
  const after = /\S/u.exec(text.slice(end))?.[0];
  return after === undefined || /[\d+(]/u.test(after);
}

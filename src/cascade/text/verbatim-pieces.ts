import { ClauseSplitter, clauseSplitterDefaults } from './clause-splitter.js';

/** Pieces that are given to a voice one by one before the rest, as far as it is known by then, is given as one. */
const FIRST_PIECES = 2;

/** How long pieces may be. */
export interface VerbatimPiecesOptions {
  /** Longest text of one request of the voice. */
  readonly maxCharacters: number;
  /** Written text to text that can be spoken. */
  speakable(text: string): string;
}

/**
 * The pieces in which a cascade gives its voice a text that is said as it stands, such as a greeting, where the voice takes
 * one piece for each request: so that they can be spoken before they are needed.
 */
export function verbatimPieces(text: string, { maxCharacters, speakable }: VerbatimPiecesOptions): readonly string[] {
  const clauses = verbatimClauses(text, maxCharacters);
  const spoken = clauses.map((clause) => speakable(clause).trim()).filter((clause) => clause !== '');
  const pieces: string[] = [];
  for (const [index, clause] of spoken.entries()) {
    const last = pieces.at(-1);
    const joins = index > FIRST_PIECES && last !== undefined && last.length + 1 + clause.length <= maxCharacters;
    if (joins) pieces[pieces.length - 1] = `${last} ${clause}`;
    else pieces.push(clause);
  }
  return pieces;
}

/** A text that is said as it stands, cut as an answer of the model is; joined, the clauses are the text. */
export function verbatimClauses(text: string, maxCharacters: number): readonly string[] {
  const splitter = new ClauseSplitter({
    ...clauseSplitterDefaults,
    maxCharacters: Math.min(clauseSplitterDefaults.maxCharacters, maxCharacters),
  });
  return [...splitter.push(text), ...splitter.flush()];
}

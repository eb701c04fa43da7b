/** Text of a response, for the host: `atMs` of its audio, where that is known. */
export interface TextCue {
  readonly text: string;
  readonly atMs?: number;
}

interface Word {
  /** Lower case, letters and digits only. */
  readonly key: string;
  /** Of the written piece: where the word begins, blanks before it left out. */
  readonly start: number;
}

interface Piece {
  readonly written: string;
  /** Words by which the voice can be followed; `undefined` where what is spoken differs from what is written. */
  readonly words: readonly Word[] | undefined;
  told: number;
  nextWord: number;
}

/** Slow speech, characters a millisecond: what audio there is says at least this much of the text. */
const SLOWEST_RATE = 0.01;
/** A word that was not followed may be made good for by one of the next. */
const LOOK_AHEAD = 3;

/**
 * What was written, against the audio of what is spoken: which words go with which moment. The cues, joined, are what
 * was written, in order and as it was written; each is told once, when the audio that says it is there.
 */
export class SpokenText {
  readonly #pieces: Piece[] = [];
  /** The piece whose audio comes now. */
  #current = 0;
  /** Audio of the response so far, and how much of it the text told so far accounts for, ms. */
  #audioMs = 0;
  #accountedMs = 0;
  readonly #wordTimes: boolean;

  /** `wordTimes`: the voice says when each word begins. */
  constructor(wordTimes: boolean) {
    this.#wordTimes = wordTimes;
  }

  /** The next piece, as it was written and as the voice is given it. */
  append(written: string, spoken: string): void {
    const words = wordsOf(written);
    const same =
      words.map(({ key }) => key).join(' ') ===
      wordsOf(spoken)
        .map(({ key }) => key)
        .join(' ');
    this.#pieces.push({ written, words: same ? words : undefined, told: 0, nextWord: 0 });
  }

  /** Audio that came. Returns the text of pieces that must have begun, though nobody said so. */
  onAudio(durationMs: number): readonly TextCue[] {
    this.#audioMs += durationMs;
    const cues: TextCue[] = [];
    while (this.#audioMs > this.#accountedMs) {
      const index = this.#pieces.findIndex(({ told, written }) => told < written.length);
      const piece = this.#pieces[index];
      if (!piece || this.#followed(piece)) break;
      cues.push(...this.#rest(index));
    }
    return cues;
  }

  /** The audio that follows is of the piece `index`. */
  onPiece(index: number): readonly TextCue[] {
    const cues: TextCue[] = [];
    for (let earlier = 0; earlier < Math.min(index, this.#pieces.length); earlier += 1)
      cues.push(...this.#rest(earlier));
    const piece = this.#pieces[index];
    this.#current = Math.max(this.#current, index);
    this.#accountedMs = Math.max(this.#accountedMs, this.#audioMs);
    if (piece && piece.told === 0 && !this.#followed(piece)) cues.push(...this.#rest(index, this.#audioMs));
    return cues;
  }

  /** A word begins at `atMs`. */
  onWord(text: string, atMs: number): readonly TextCue[] {
    const key = keyOf(text);
    if (key === '') return [];
    for (let index = this.#current; index < this.#pieces.length; index += 1) {
      const piece = this.#pieces[index];
      if (!piece?.words) continue;
      const upTo = piece.nextWord + LOOK_AHEAD;
      const found = piece.words.findIndex((word, at) => at >= piece.nextWord && at < upTo && word.key === key);
      if (found < 0) continue;
      const cues: TextCue[] = [];
      for (let earlier = 0; earlier < index; earlier += 1) cues.push(...this.#rest(earlier));
      const word = piece.words[found];
      const next = piece.words[found + 1];
      this.#current = index;
      piece.nextWord = found + 1;
      // Words that were passed over, not the blanks before this one.
      const start = word?.start ?? 0;
      if (piece.written.slice(piece.told, start).trim() !== '') cues.push(...this.#upTo(piece, start));
      cues.push(...this.#upTo(piece, next?.start ?? piece.written.length, atMs));
      return cues;
    }
    return [];
  }

  /** All audio has come. Returns the rest of the text. */
  end(): readonly TextCue[] {
    return this.#pieces.flatMap((_, index) => this.#rest(index));
  }

  /** Its words come by themselves. */
  #followed(piece: Piece): boolean {
    return this.#wordTimes && piece.words !== undefined;
  }

  #rest(index: number, atMs?: number): readonly TextCue[] {
    const piece = this.#pieces[index];
    if (!piece) return [];
    const cues = this.#upTo(piece, piece.written.length, atMs);
    for (const { text } of cues) this.#accountedMs += text.length / SLOWEST_RATE;
    return cues;
  }

  #upTo(piece: Piece, end: number, atMs?: number): readonly TextCue[] {
    if (end <= piece.told) return [];
    const text = piece.written.slice(piece.told, end);
    piece.told = end;
    return [{ text, ...(atMs !== undefined && { atMs }) }];
  }
}

function wordsOf(text: string): readonly Word[] {
  return [...text.matchAll(/\S+/gu)].flatMap(({ 0: word, index }) => {
    const key = keyOf(word);
    return key === '' ? [] : [{ key, start: index }];
  });
}

function keyOf(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

import { readOuts } from './read-out.js';

/** Digits and signs are spoken as words of their own, which take as long as so many letters. */
const SIGN_WEIGHT = 4;
/** `percent`, `degrees`. */
const LONG_SIGN_WEIGHT = 7;
/** A sign of a script without letters is a syllable or two. */
const SYLLABLE_WEIGHT = 3;
const BLANK_WEIGHT = 0.5;
/** The last syllable before a pause is drawn out. */
const FINAL_WEIGHT = 1.5;

const longSign = /[%°]/u;
const letter = /[\p{L}\p{M}]/u;
const sign = /[\p{N}$€£&@#+=]/u;
/** Scripts that write no blanks between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const blank = /\s/u;
const pausing = /[.,;:!?…]/u;

/** How long a text takes to be spoken, up to each of its characters, in letters: index n counts the first n. */
export function cumulativeWeights(text: string): Float64Array {
  const weights = new Float64Array(text.length + 1);
  const outs = readOuts(text);
  let next = 0;
  for (let at = 0; at < text.length; at += 1) {
    while ((outs[next]?.end ?? text.length) <= at) next += 1;
    const out = outs[next];
    const weight =
      out !== undefined && at >= out.start
        ? out.letters / (out.end - out.start)
        : weightOf(text[at] as string, text[at + 1]);
    weights[at + 1] = (weights[at] as number) + weight;
  }
  return weights;
}

/** Whether a word of `text` ends before the character at `index`. */
export function isWordEnd(text: string, index: number): boolean {
  const last = text[index - 1];
  const next = text[index];
  // Most are not.
  if (last === undefined || (next !== undefined && next >= 'a' && next <= 'z' && last >= 'a' && last <= 'z'))
    return false;
  if (blank.test(last)) return false;
  return next === undefined || blank.test(next) || (unspaced.test(last) && (letter.test(next) || sign.test(next)));
}

/** Indexes behind punctuation where a speaker may pause, the end of the text apart. */
export function pauseMarks(text: string): readonly number[] {
  const marks: number[] = [];
  for (const { index, 0: found } of text.matchAll(/[.,;:!?…—–][)"'”’»\]]*(?=\s)|[。，、；：！？]/gu)) {
    marks.push(index + found.length);
  }
  return marks;
}

function weightOf(character: string, next: string | undefined): number {
  // Most are.
  if ((character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z')) return 1;
  if (character === ' ') return BLANK_WEIGHT;
  if (pausing.test(character)) return next === undefined || blank.test(next) ? FINAL_WEIGHT : 0;
  if (unspaced.test(character)) return SYLLABLE_WEIGHT;
  if (letter.test(character)) return 1;
  if (longSign.test(character)) return LONG_SIGN_WEIGHT;
  if (sign.test(character)) return SIGN_WEIGHT;
  return blank.test(character) ? BLANK_WEIGHT : 0;
}

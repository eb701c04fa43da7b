/** What it costs to think that nobody pauses at a comma, and at another mark, in logarithms of evidence. */
const COMMA_COST = 1;
const MARK_COST = 3;

/** How much slower or faster than usual a voice may be, where it is not known how long all of a text takes. */
export const TEMPOS = [1, 0.8, 0.9, 1.12, 1.25] as const;
const TEMPO_COST = 150;
/** No text is said so many times as fast as usual. */
export const QUICKEST = 2;

/** What it costs to think that a voice has this of {@link TEMPOS}: by the square of the natural logarithm. */
export function tempoCost(tempo: number): number {
  return TEMPO_COST * Math.log(tempo) ** 2;
}

/** What it costs to think that nobody pauses at the mark before `index` of a text. */
export function markCost(text: string, index: number): number {
  return /[,，、]/u.test(text[index - 1] ?? '') ? COMMA_COST : MARK_COST;
}

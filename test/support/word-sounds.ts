import type { Segment } from '../../src/cascade/flite/synthesise.mjs';
import type { SpokenWord } from '../../src/cascade/flite/word-times.js';

/** A sound of the one and none of the other costs 1; one in place of another less than both. */
const INSTEAD_COST = 1.2;

interface Sound {
  readonly name: string;
  readonly startMs: number;
}

/**
 * When each word of a text was spoken: the sounds of the text, against those of its words spoken one by one, by the
 * cheapest way to turn the ones into the others.
 *
 * @param words as they stand in the text
 * @param alone sounds of each word when it is spoken alone
 * @param utterances of the text
 */
export function wordsBySound(
  words: readonly string[],
  alone: readonly (readonly Segment[])[],
  utterances: readonly (readonly Segment[])[],
): readonly SpokenWord[] {
  const expected = alone.flatMap((segments, word) =>
    segments.filter(isSound).map(({ name }): { readonly name: string; readonly word: number } => ({ name, word })),
  );
  const spoken = soundsOf(utterances);
  const columns = spoken.length + 1;
  const costs = new Float64Array((expected.length + 1) * columns);
  const instead = (row: number, column: number): number =>
    row === 0 || column === 0
      ? Number.POSITIVE_INFINITY
      : (costs[(row - 1) * columns + column - 1] as number) +
        (expected[row - 1]?.name === spoken[column - 1]?.name ? 0 : INSTEAD_COST);
  const unspoken = (row: number, column: number): number =>
    row === 0 ? Number.POSITIVE_INFINITY : (costs[(row - 1) * columns + column] as number) + 1;
  for (let row = 0; row <= expected.length; row += 1) {
    for (let column = row === 0 ? 1 : 0; column < columns; column += 1) {
      const added = column === 0 ? Number.POSITIVE_INFINITY : (costs[row * columns + column - 1] as number) + 1;
      costs[row * columns + column] = Math.min(instead(row, column), unspoken(row, column), added);
    }
  }
  const startsMs = new Array<number | undefined>(words.length);
  for (let row = expected.length, column = spoken.length; row > 0 && column > 0; ) {
    const cost = costs[row * columns + column];
    if (cost === instead(row, column)) {
      row -= 1;
      column -= 1;
      const word = expected[row]?.word;
      if (word !== undefined) startsMs[word] = spoken[column]?.startMs;
    } else if (cost === unspoken(row, column)) row -= 1;
    else column -= 1;
  }
  let lastMs = 0;
  return words.map((text, index) => {
    lastMs = startsMs[index] ?? lastMs;
    return { text, startMs: lastMs };
  });
}

function soundsOf(utterances: readonly (readonly Segment[])[]): readonly Sound[] {
  const sounds: Sound[] = [];
  let utteranceMs = 0;
  for (const segments of utterances) {
    let startMs = 0;
    for (const segment of segments) {
      if (isSound(segment)) sounds.push({ name: segment.name, startMs: utteranceMs + startMs });
      startMs = segment.endMs;
    }
    utteranceMs += startMs;
  }
  return sounds;
}

function isSound({ name }: Segment): boolean {
  return name !== 'pau' && name !== 'ssil';
}

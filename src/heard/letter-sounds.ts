import { type cumulativeWeights, isWordEnd } from '../base/text-weight.js';

/** What letters sound like, roughly and in most languages: `any` tells nothing, such as digits and signs. */
export type SoundClass = 'vowel' | 'nasal' | 'liquid' | 'sibilant' | 'breath' | 'stop' | 'any';

/** Letters that are one sound. */
export interface LetterSound {
  readonly sound: SoundClass;
  /** In letters: how long it takes ({@link cumulativeWeights}). */
  readonly weight: number;
  /** Index into the text behind it, where a word ends there. */
  readonly wordEnd: number | undefined;
}

/** Letters that go together are one sound, vowels apart. Lower case, without accents. */
const SOUNDS: ReadonlyMap<string, SoundClass> = new Map(
  (
    [
      ['sibilant', 'sch tch sh ch ss zz s z x ß ç'],
      ['breath', 'th ph ff f v h'],
      ['stop', 'ck qu bb dd gg kk pp tt cc b c d g k p q t'],
      ['nasal', 'mm nn m n'],
      ['liquid', 'll rr l r w j'],
    ] as const
  ).flatMap(([sound, letters]) => letters.split(' ').map((each) => [each, sound] as const)),
);
const LONGEST_LETTERS = 3;
const VOWELS = 'aeiouyæøœ';
const MOST_VOWELS = 4;

/** Short words that nobody lingers on: English, of which voices make the most difference. */
const HURRIED = new Set(
  (
    'a an the of to in on at by or and is it be as if we us he i you your for are was with that this from will would can do not ' +
    'have has had but so our me my its no'
  ).split(' '),
);
/** None is longer, with the letter that shows it. */
const LONGEST_HURRIED = 6;
/** They take so much of the time that their letters say. */
const HURRY = 0.7;

/**
 * The text between two indexes as a row of sounds. What is no letter and takes time is a sound that tells nothing.
 *
 * @param weights of `text`, by {@link cumulativeWeights}
 */
export function letterSounds(text: string, from: number, to: number, weights: Float64Array): readonly LetterSound[] {
  const plain = plainLetters(text.slice(from, to));
  const sounds: { sound: SoundClass; weight: number; wordEnd: number | undefined }[] = [];
  let hurry = 1;
  for (let at = from; at < to; ) {
    const { sound: own, length } = soundAt(text[at] as string, plain, at - from);
    const end = at + length;
    // What is read out in other words sounds like them, not like its letters.
    const spelled = Math.abs((weights[end] as number) - (weights[at] as number) - length) < 0.01;
    const sound = own === undefined || spelled ? own : 'any';
    if (at === from || isBlank(text[at - 1])) hurry = HURRIED.has(wordAt(text, at)) ? HURRY : 1;
    const weight = ((weights[end] as number) - (weights[at] as number)) * hurry;
    const wordEnd = isWordEnd(text, end) ? end : undefined;
    const before = sounds.at(-1);
    // Blanks and marks take their time with what stands before them.
    if (sound === undefined && before) {
      before.weight += weight;
      before.wordEnd = wordEnd ?? before.wordEnd;
    } else if (weight > 0) sounds.push({ sound: sound ?? 'any', weight, wordEnd });
    at = end;
  }
  return sounds;
}

function soundAt(
  character: string,
  plain: string,
  at: number,
): { readonly sound: SoundClass | undefined; readonly length: number } {
  const ascii = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
  if (!ascii && !/[\p{L}\p{M}\p{N}$€£%°&@#+=]/u.test(character)) return { sound: undefined, length: 1 };
  let vowels = 0;
  while (vowels < MOST_VOWELS && at + vowels < plain.length && VOWELS.includes(plain[at + vowels] as string))
    vowels += 1;
  if (vowels > 0) return { sound: 'vowel', length: vowels };
  for (let length = Math.min(LONGEST_LETTERS, plain.length - at); length > 0; length -= 1) {
    const sound = SOUNDS.get(plain.slice(at, at + length));
    if (sound === undefined) continue;
    // As in city.
    const soft = length === 1 && plain[at] === 'c' && 'eiy'.includes(plain[at + 1] ?? ' ');
    return { sound: soft ? 'sibilant' : sound, length };
  }
  return { sound: 'any', length: 1 };
}

/** Lower case without accents, as long as it was: each unit of UTF-16 is one. */
function plainLetters(text: string): string {
  let plain = '';
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at] as string;
    // One that grows in lower case, such as a dotted capital I, is its first.
    plain += (unit < '\u0080' ? unit : (unit.normalize('NFD')[0] ?? unit)).toLowerCase()[0] ?? unit;
  }
  return plain;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\n';
}

/** The word that begins here, lower case, as far as it can be a short one. */
function wordAt(text: string, at: number): string {
  let end = at;
  while (end < at + LONGEST_HURRIED && /[A-Za-z]/.test(text[end] ?? '')) end += 1;
  return text.slice(at, end).toLowerCase();
}

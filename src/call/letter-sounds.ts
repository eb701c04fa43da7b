import { type cumulativeWeights, isWordEnd } from '../base/text-weight.js';

/** What letters sound like, roughly and in most languages: `any` tells nothing, such as digits and signs. */
export type SoundClass = 'vowel' | 'voiced' | 'sibilant' | 'breath' | 'stop' | 'any';

const SOUND_CLASSES = ['vowel', 'voiced', 'sibilant', 'breath', 'stop'] as const;

/** Letters that are one sound. */
export interface LetterSound {
  readonly sound: SoundClass;
  /** In letters: how long it takes ({@link cumulativeWeights}). */
  readonly weight: number;
  /** Index into the text behind it, where a word ends there. */
  readonly wordEnd: number | undefined;
}

/** Letters that go together are one sound. Lower case, without accents. */
const SOUND =
  /(?<sibilant>sch|tch|sh|ch|ss|zz|s|z|x|ß|ç|c(?=[eiy]))|(?<breath>th|ph|ff|f|v|h)|(?<stop>ck|qu|bb|dd|gg|kk|pp|tt|cc|[bcdgkpqt])|(?<voiced>ll|mm|nn|rr|[lmnrwj])|(?<vowel>[aeiouyæøœ]{1,4})/uy;

/** Short words that nobody lingers on: English, of which voices make the most difference. */
const HURRIED = new Set(
  (
    'a an the of to in on at by or and is it be as if we us he i you your for are was with that this from will would can do not ' +
    'have has had but so our me my its no'
  ).split(' '),
);
/** They take so much of the time that their letters say. */
const HURRY = 0.8;

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
    const { sound, length } = soundAt(text[at] as string, plain, at - from);
    const end = at + length;
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
  if (!/[\p{L}\p{M}\p{N}$€£%&@#+=]/u.test(character)) return { sound: undefined, length: 1 };
  SOUND.lastIndex = at;
  const found = SOUND.exec(plain);
  for (const kind of SOUND_CLASSES) {
    const letters = found?.groups?.[kind];
    if (letters !== undefined) return { sound: kind, length: letters.length };
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
  return /^\p{L}+/u.exec(text.slice(at, at + 8))?.[0].toLowerCase() ?? '';
}

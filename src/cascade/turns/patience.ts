/** How long the caller may be silent before it is the agent's turn. Milliseconds. */
export interface PatienceOptions {
  /** After a sentence that is complete. */
  readonly fullStopMs: number;
  /** After words that ask for more, as long as the caller's own pauses are not known. */
  readonly openMs: number;
  /** After digits or letters that are dictated: numbers are read out in groups. */
  readonly digitsMs: number;
  /** Bounds of what is learnt from the caller's pauses. */
  readonly leastOpenMs: number;
  readonly mostMs: number;
}

export const patienceDefaults = {
  fullStopMs: 100,
  openMs: 1_000,
  digitsMs: 1_500,
  leastOpenMs: 600,
  mostMs: 2_500,
} as const satisfies PatienceOptions;

/** How this caller pauses, as far as it has been heard. */
export interface Pace {
  /** Mean of the pauses within turns, ms; the latest count most. */
  readonly pauseMs: number | undefined;
  /** How often of late a complete sentence was not the end, 0 to 1. */
  readonly cutOff: number;
}

export const unknownPace: Pace = { pauseMs: undefined, cutOff: 0 };

/** What the latest observation counts for. */
const WEIGHT = 0.4;
/** Pauses vary: so much longer than their mean is still one. */
const SPREAD = 1.6;
/** Longer silences are no pauses for breath. */
const LONGEST_PAUSE_MS = 4_000;
/** Added after a full stop for a caller whose sentences are never the end. */
const MOST_CUT_OFF_MS = 900;

/** The caller went on after a pause. */
export function learnPause(pace: Pace, pauseMs: number): Pace {
  if (pauseMs <= 0 || pauseMs > LONGEST_PAUSE_MS) return pace;
  const known = pace.pauseMs ?? pauseMs;
  return { ...pace, pauseMs: known + WEIGHT * (pauseMs - known) };
}

/** Whether the turn was over when it was taken. */
export function learnEnd(pace: Pace, wasOver: boolean): Pace {
  return { ...pace, cutOff: pace.cutOff + WEIGHT * ((wasOver ? 0 : 1) - pace.cutOff) };
}

/** How a text ends: complete, in the middle of something, or within a number or a word that is spelt. */
export type Ending = 'complete' | 'open' | 'dictated';

/** Silence after `text` that ends the turn of a caller of that pace, ms. */
export function patienceMs(text: string, pace: Pace, options: PatienceOptions): number {
  const learntMs = pace.pauseMs === undefined ? undefined : pace.pauseMs * SPREAD;
  switch (endingOf(text)) {
    case 'complete':
      return Math.min(options.fullStopMs + pace.cutOff * MOST_CUT_OFF_MS, options.mostMs);
    case 'open':
      return clamp(learntMs ?? options.openMs, options.leastOpenMs, options.mostMs);
    case 'dictated':
      return clamp(learntMs ?? options.digitsMs, options.digitsMs, Math.max(options.mostMs, options.digitsMs));
  }
}

/** Words after which nobody stops, whatever the recogniser's punctuation says. English, German, French, Spanish. */
const OPEN_WORDS = new Set(
  (
    'and or but so because if when that which the a an to for of with from at in on my your is are was i we it um uh er ' +
    'erm und oder aber weil wenn dass der die das ein eine zu für von mit mein meine ist äh ähm et ou mais parce que si ' +
    'le la les un une de pour avec mon ma mes est euh y o pero porque el los las una con mi es eh'
  ).split(' '),
);
/** Digits in words, and what goes with them. */
const DIGIT_WORDS = new Set(
  (
    'zero oh one two three four five six seven eight nine double triple plus null eins zwei zwo drei vier fünf sechs ' +
    'sieben acht neun zéro deux trois quatre cinq sept huit neuf cero uno dos tres cuatro cinco seis siete ocho nueve'
  ).split(' '),
);
/** So many digits or letters in a row are dictated. */
const DICTATED = 3;

/** How `text` ends. */
export function endingOf(text: string): Ending {
  const words = text.trim().split(/\s+/u);
  if (dictatedSigns(words) >= DICTATED) return 'dictated';
  const end = text.trim();
  if (/[!?！？]["'”’»)\]]*$/u.test(end)) return 'complete';
  if (OPEN_WORDS.has(plain(words.at(-1) ?? ''))) return 'open';
  return /(?:(?<!\.)\.|。)["'”’»)\]]*$/u.test(end) ? 'complete' : 'open';
}

/** Digits and letters that the text ends in, one by one or in groups. */
function dictatedSigns(words: readonly string[]): number {
  let signs = 0;
  for (const word of words.toReversed()) {
    const bare = plain(word);
    if (/^[\d\-–()/]*\d[\d\-–()/]*$/u.test(bare)) signs += bare.replace(/\D/gu, '').length;
    else if (DIGIT_WORDS.has(bare) || /^\p{L}$/u.test(bare)) signs += 1;
    else if (/^\p{L}(?:-\p{L})+$/u.test(bare)) signs += bare.replace(/-/gu, '').length;
    else return signs;
  }
  return signs;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/^[^\p{L}\p{N}+]+|[^\p{L}\p{N}]+$/gu, '');
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

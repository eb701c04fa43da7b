import { cumulativeWeights, isWordEnd, pauseMarks } from '../base/text-weight.js';
import type { AudioFormat } from '../flavor-api/index.js';
import { letterSounds } from './letter-sounds.js';
import { alignPauses, type WordGap } from './pause-alignment.js';
import { markCost, QUICKEST, TEMPOS, tempoCost } from './reading-costs.js';
import { type Reading, SpeechAligner } from './speech-alignment.js';
import { BLOCK_MS, type Pause, SpokenAudio, speechBefore } from './spoken-audio.js';

/** Text of one response that is spoken from `atMs` on; `atMs` is absent when the flavor gave none. */
interface Cue {
  readonly startChar: number;
  readonly atMs: number | undefined;
}

/** A moment at which it is known how far the text has been spoken. */
interface Anchor {
  /** Time of speech, pauses left out. */
  readonly speechMs: number;
  /** In letters ({@link cumulativeWeights}). */
  readonly weight: number;
}

/** Where words end by the sounds of their letters, and how well those agree with the audio. */
interface SoundReading {
  readonly evidence: Reading['evidence'];
  anchors(): readonly Anchor[] | undefined;
}

/** What of a text was heard. */
export interface Heard {
  readonly text: string;
  /** Index into the whole text of the response. */
  readonly chars: number;
}

/** Speaking rate assumed as long as nothing is known, letters per millisecond of speech (English, 160 words/min). */
export const ASSUMED_RATE = 0.015;
/** A word whose end is an estimate counts once so much of it was heard: the estimate errs to either side. */
const HEARD_SHARE = 0.5;
/**
 * Where a word is, as its sounds say it, counts for so much, and as pauses say it for the rest. They seldom err together:
 * between them fewer words are told wrongly than by either alone.
 */
const SOUND_SHARE = 2 / 3;
/** Speech to either side, up to the next pause, by whose sounds a word is placed. */
const AROUND_MS = 3000;
/** Characters and blocks of it at most, 40 s: where nobody pauses for so long, letters alone say where words are. */
const MOST_CHARS = 700;
const MOST_BLOCKS = 2000;
/** Borders so near are the same, in letters and in ms. */
const SAME_LETTERS = 0.5;
const SAME_MS = 1;

/**
 * The words of one response against its sample clock: says what a caller has heard after so many milliseconds. A word
 * counts once it was spoken to its end.
 *
 * Where the flavor gives no times, the text is spread over the time of speech, digits longer than letters, and the
 * silences that can be seen in the audio are put between the words that they fit best; within them words are placed by
 * what their letters sound like. Such an estimate is cut at the nearest end of a word.
 */
export class HeardText {
  #text = '';
  readonly #cues: Cue[] = [];
  readonly #audio: SpokenAudio;
  readonly #rate: number;
  #complete = false;

  /**
   * @param format of the audio
   * @param rate of the voice where it is known from earlier responses, letters per millisecond of speech
   */
  constructor(format: AudioFormat, rate: number = ASSUMED_RATE) {
    this.#audio = new SpokenAudio(format);
    this.#rate = rate;
  }

  /** All text so far. */
  get text(): string {
    return this.#text;
  }

  /** Milliseconds of audio received so far. */
  get audioMs(): number {
    return this.#audio.durationMs;
  }

  /** How fast the voice has spoken, of a response that is complete: letters per millisecond of speech. */
  get rate(): number | undefined {
    const speechMs = speechTime(this.audioMs, this.#audio.pauses());
    if (!this.#complete || speechMs <= 0 || this.#text === '') return undefined;
    return (cumulativeWeights(this.#text)[this.#text.length] as number) / speechMs;
  }

  /** @param atMs absent, or no number, where the flavor does not know */
  addText(text: string, atMs?: number): void {
    this.#cues.push({ startChar: this.#text.length, atMs: Number.isFinite(atMs) ? atMs : undefined });
    this.#text += text;
  }

  /** Audio in the response's format. Hot path. */
  addAudio(data: Uint8Array): void {
    this.#audio.push(data);
  }

  /** No more audio or text will come. */
  complete(): void {
    this.#complete = true;
  }

  /**
   * What was heard when `heardMs` of the response's audio had been played.
   *
   * @param share of a word that must have been heard for it to count, where its end is an estimate
   */
  heardAt(heardMs: number, share = HEARD_SHARE): Heard {
    if (heardMs <= 0) return { text: '', chars: 0 };
    if (this.#complete && heardMs >= this.audioMs) return { text: this.#text, chars: this.#text.length };
    const chars = this.#charsAt(heardMs, share);
    return { text: this.#text.slice(0, chars), chars };
  }

  #charsAt(heardMs: number, share: number): number {
    const pauses = this.#audio.pauses();
    const weights = cumulativeWeights(this.#text);
    const cues = this.#cuePoints(pauses, weights);
    const speechMs = speechTime(heardMs, pauses);
    // Cues are known to the millisecond, also within a pause.
    const reached = this.#cues.findLast(({ atMs }) => atMs !== undefined && atMs <= heardMs);
    const next = this.#cues.find(({ atMs }) => atMs !== undefined && atMs > heardMs);
    const index = cues.findLastIndex(({ speechMs: atMs }) => atMs <= speechMs);
    const from = cues[Math.max(0, index)] ?? { speechMs: 0, weight: 0 };
    const to = cues[Math.max(0, index) + 1] ?? from;
    const guessed = !this.#complete && index + 2 >= cues.length;
    const weight = guessed
      ? this.#weightWithin(speechMs, from, to, pauses, weights)
      : this.#weightBetween(speechMs, from, to, pauses, weights);
    const char = charOf(weight, weights);
    const least = reached?.startChar ?? 0;
    const most = next?.startChar ?? this.#text.length;
    if (char < least || char > most) return this.#wholeWords(clamp(char, least, most));
    const chars = this.#wholeWords(char);
    const end = this.#nextWordEnd(char, most);
    // The last word before a moment that is known ends there.
    const known = next !== undefined || this.#complete;
    if (end === undefined || (known && this.#text.slice(end, most).trim() === '')) return chars;
    const [before, after] = [weights[chars] as number, weights[end] as number];
    return weight - before >= share * (after - before) ? end : chars;
  }

  /** How much of the text is said at a moment between two that are known, in letters. */
  #weightBetween(speechMs: number, from: Anchor, to: Anchor, pauses: readonly Pause[], weights: Float64Array): number {
    const aligned = this.#byPauses(from, to, pauses, weights);
    // Of a long answer, what is around is enough.
    const near = aligned.findLast((anchor) => anchor.speechMs <= speechMs - AROUND_MS) ?? from;
    const far = aligned.find((anchor) => anchor.speechMs >= speechMs + AROUND_MS) ?? to;
    return between(speechMs, aligned, this.#bySounds(near, far, pauses, weights)?.(far)?.anchors());
  }

  /** The same where neither all of the text nor all of the audio may have come: how fast it is spoken is told by it. */
  #weightWithin(
    speechMs: number,
    from: Anchor,
    guess: Anchor,
    pauses: readonly Pause[],
    weights: Float64Array,
  ): number {
    const lettersMs = (guess.weight - from.weight) / this.#rate;
    const saidMs = speechTime(this.audioMs, pauses);
    const untilMs = Math.min(saidMs, speechMs + AROUND_MS);
    const read = this.#bySounds(from, guess, pauses, weights, untilMs);
    let best: { readonly to: Anchor; readonly anchors: SoundReading['anchors']; readonly evidence: number } | undefined;
    for (const tempo of read ? TEMPOS : []) {
      const to = { speechMs: from.speechMs + lettersMs * tempo, weight: guess.weight };
      const reading = read?.(to);
      if (!reading) continue;
      const evidence = reading.evidence - tempoCost(tempo);
      if (evidence > (best?.evidence ?? Number.NEGATIVE_INFINITY)) best = { to, anchors: reading.anchors, evidence };
    }
    const aligned = this.#byPauses(from, best?.to ?? guess, pauses, weights);
    return between(speechMs, aligned, best?.anchors());
  }

  /** The beginning, what the flavor told, and the end. */
  #cuePoints(pauses: readonly Pause[], weights: Float64Array): readonly Anchor[] {
    const points: Anchor[] = [{ speechMs: 0, weight: 0 }];
    for (const { startChar, atMs } of this.#cues) {
      if (atMs === undefined) continue;
      points.push({ speechMs: speechTime(atMs, pauses), weight: weights[startChar] as number });
    }
    const last = points.at(-1) ?? { speechMs: 0, weight: 0 };
    const total = weights[this.#text.length] as number;
    const saidMs = speechTime(this.audioMs, pauses);
    const guessMs = last.speechMs + (total - last.weight) / this.#rate;
    return [...points, { speechMs: this.#complete ? saidMs : Math.max(saidMs, guessMs), weight: total }];
  }

  /** The points between two, silences between words among them. */
  #byPauses(from: Anchor, to: Anchor, pauses: readonly Pause[], weights: Float64Array): readonly Anchor[] {
    const length = to.speechMs - from.speechMs;
    if (length <= 0) return [from, to];
    const silences = speechBefore(pauses).filter(
      (speechMs) => speechMs > from.speechMs + SAME_MS && speechMs < to.speechMs - SAME_MS,
    );
    if (silences.length === 0) return [from, to];
    const gaps = this.#gaps(from.weight, to.weight, weights);
    const letters = to.weight - from.weight;
    const expected = silences.map((ms) => ((ms - from.speechMs) / length) * letters);
    const pairs = alignPauses(expected, gaps, letters).map(([silence, gap]) => ({
      speechMs: silences[silence] as number,
      weight: from.weight + (gaps[gap] as WordGap).at,
    }));
    return [from, ...pairs, to];
  }

  /**
   * The text between two points as its letters sound, against the audio: where each word ends if the text ends at a given
   * point. `undefined` where nothing can be told.
   *
   * @param to Where the text ends; a guess where `untilMs` is given.
   * @param untilMs Speech up to which the text is looked for.
   */
  #bySounds(
    from: Anchor,
    to: Anchor,
    pauses: readonly Pause[],
    weights: Float64Array,
    untilMs?: number,
  ): ((to: Anchor) => SoundReading | undefined) | undefined {
    const before = blocksIn(from.speechMs);
    const last = blocksIn(untilMs ?? to.speechMs);
    const fromChar = charOf(from.weight, weights);
    // What cannot have been said yet, however quickly, need not be looked for.
    const reach = untilMs === undefined ? Number.POSITIVE_INFINITY : (untilMs - from.speechMs) * this.#rate * QUICKEST;
    const toChar = charOf(Math.min(to.weight, from.weight + reach), weights);
    if (last <= before || last - before > MOST_BLOCKS || toChar - fromChar > MOST_CHARS) return undefined;
    const sounds = letterSounds(this.#text, fromChar, toChar, weights);
    const marks = new Set(pauseMarks(this.#text));
    const aligner = new SpeechAligner({
      blocks: this.#audio.speech(pauses, before, last),
      pauses: speechBefore(pauses)
        .map((speechMs) => blocksIn(speechMs) - before)
        .filter((at) => at > 0),
      sounds,
      markCosts: sounds.map(({ wordEnd = 0 }) => (marks.has(wordEnd) ? markCost(this.#text, wordEnd) : 0)),
      complete: untilMs === undefined,
    });
    const share = ((weights[toChar] as number) - from.weight) / (to.weight - from.weight);
    const anchors = (end: Anchor, ends: ReturnType<Reading['ends']>): readonly Anchor[] | undefined => {
      if (!ends) return undefined;
      const words: Anchor[] = [];
      for (const [index, at] of ends.entries()) {
        const { wordEnd } = sounds[index] ?? {};
        // What the last word ends with is known.
        if (wordEnd === undefined || (index === sounds.length - 1 && untilMs === undefined)) continue;
        words.push({ speechMs: from.speechMs + at * BLOCK_MS, weight: weights[wordEnd] as number });
      }
      return [from, ...words, ...(untilMs === undefined ? [end] : [])];
    };
    return (end) => {
      const lasts = blocksIn(end.speechMs) - before;
      const reading = lasts > 0 ? aligner.read(lasts * share) : undefined;
      return reading && { evidence: reading.evidence, anchors: () => anchors(end, reading.ends()) };
    };
  }

  /** The ends of words between two weights. */
  #gaps(from: number, to: number, weights: Float64Array): readonly WordGap[] {
    const marks = new Set(pauseMarks(this.#text));
    const gaps: WordGap[] = [];
    for (let index = Math.max(1, charOf(from, weights)); index < this.#text.length; index += 1) {
      const weight = weights[index] as number;
      if (weight >= to - SAME_LETTERS) break;
      if (weight <= from + SAME_LETTERS || !isWordEnd(this.#text, index)) continue;
      gaps.push({ at: weight - from, markCost: marks.has(index) ? markCost(this.#text, index) : 0 });
    }
    return gaps;
  }

  /** The first index behind `char`, up to `most`, at which a word ends. */
  #nextWordEnd(char: number, most: number): number | undefined {
    for (let index = char + 1; index <= most; index += 1) if (isWordEnd(this.#text, index)) return index;
    return undefined;
  }

  /** The largest index up to `char` at which a word ends. */
  #wholeWords(char: number): number {
    for (let index = Math.min(char, this.#text.length); index > 0; index -= 1) {
      if (isWordEnd(this.#text, index)) return index;
    }
    return 0;
  }
}

/** The nearest number of blocks. */
function blocksIn(ms: number): number {
  return Math.round(ms / BLOCK_MS);
}

/** How much of the first `ms` is speech. */
function speechTime(ms: number, pauses: readonly Pause[]): number {
  return pauses.reduce((left, { fromMs, toMs }) => left - Math.max(0, Math.min(ms, toMs) - fromMs), ms);
}

/** By pauses, and by sounds where they tell something. */
function between(speechMs: number, aligned: readonly Anchor[], bySounds: readonly Anchor[] | undefined): number {
  const byPauses = interpolate(speechMs, aligned);
  return bySounds ? byPauses + SOUND_SHARE * (interpolate(speechMs, bySounds) - byPauses) : byPauses;
}

function interpolate(speechMs: number, anchors: readonly Anchor[]): number {
  const index = anchors.findLastIndex((anchor) => anchor.speechMs <= speechMs);
  const from = anchors[Math.max(0, index)];
  const to = anchors[Math.max(0, index) + 1] ?? from;
  if (!from || !to) return 0;
  if (to.speechMs <= from.speechMs) return to.weight;
  return (
    from.weight + clamp((speechMs - from.speechMs) / (to.speechMs - from.speechMs), 0, 1) * (to.weight - from.weight)
  );
}

/** The last character up to which the text weighs no more than `weight`. */
function charOf(weight: number, weights: Float64Array): number {
  let [low, high] = [0, weights.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((weights[middle] as number) <= weight + 1e-6) low = middle;
    else high = middle;
  }
  return low;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

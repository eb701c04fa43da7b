/** Text of one response that is spoken from `atMs` on; `atMs` is absent when the flavor gave none. */
interface Cue {
  readonly startChar: number;
  readonly endChar: number;
  readonly atMs: number | undefined;
}

/** What of a text was heard. */
export interface Heard {
  readonly text: string;
  /** Index into the whole text of the response. */
  readonly chars: number;
}

/** Speaking rate assumed where a flavor gives no times at all, characters per second (English, about 160 words/min). */
const ASSUMED_CHARS_PER_SECOND = 15;

/**
 * The words of one response against its sample clock: says what a caller has heard after so many milliseconds. A word
 * counts once it was spoken to its end. Between cues, characters are spread evenly over the time.
 */
export class HeardText {
  #text = '';
  readonly #cues: Cue[] = [];
  #audioMs = 0;
  #complete = false;

  /** All text so far. */
  get text(): string {
    return this.#text;
  }

  /** Milliseconds of audio received so far. */
  get audioMs(): number {
    return this.#audioMs;
  }

  addText(text: string, atMs?: number): void {
    const startChar = this.#text.length;
    this.#text += text;
    this.#cues.push({ startChar, endChar: this.#text.length, atMs });
  }

  addAudio(durationMs: number): void {
    this.#audioMs += durationMs;
  }

  /** No more audio or text will come. */
  complete(): void {
    this.#complete = true;
  }

  /** What was heard when `heardMs` of the response's audio had been played. */
  heardAt(heardMs: number): Heard {
    if (heardMs <= 0) return { text: '', chars: 0 };
    if (this.#complete && heardMs >= this.#audioMs) return { text: this.#text, chars: this.#text.length };
    const chars = this.#wholeWords(this.#charAt(heardMs));
    return { text: this.#text.slice(0, chars), chars };
  }

  /** The character reached at `heardMs`, by interpolation between the points where time is known. */
  #charAt(heardMs: number): number {
    let fromMs = 0;
    let fromChar = 0;
    for (const cue of this.#cues) {
      if (cue.atMs === undefined) continue;
      if (cue.atMs > heardMs) return interpolate(heardMs, fromMs, fromChar, cue.atMs, cue.startChar);
      fromMs = cue.atMs;
      fromChar = cue.startChar;
    }
    const endChar = this.#text.length;
    const spokenMs = ((endChar - fromChar) / ASSUMED_CHARS_PER_SECOND) * 1000;
    const endMs = this.#complete ? this.#audioMs : Math.max(this.#audioMs, fromMs + spokenMs);
    return interpolate(heardMs, fromMs, fromChar, endMs, endChar);
  }

  /** The largest index up to `char` at which a word ends: the next character is a blank, or the text is over. */
  #wholeWords(char: number): number {
    for (let index = Math.min(char, this.#text.length); index > 0; index -= 1) {
      const next = this.#text[index];
      const last = this.#text[index - 1];
      if ((next === undefined ? index === char : /\s/.test(next)) && last !== undefined && !/\s/.test(last))
        return index;
    }
    return 0;
  }
}

function interpolate(atMs: number, fromMs: number, fromChar: number, toMs: number, toChar: number): number {
  if (toMs <= fromMs) return atMs >= toMs ? toChar : fromChar;
  const share = Math.min(Math.max((atMs - fromMs) / (toMs - fromMs), 0), 1);
  return Math.floor(fromChar + share * (toChar - fromChar));
}

/** What an edge is brought to zero in, ms: shorter than any sound of speech, longer than what is heard as a click. */
const FADE_MS = 4;
/** An edge is at zero where nothing is louder than `QUIET` (of 32,768) for so long, ms. */
const EDGE_MS = 1;
const QUIET = 32;

/**
 * The edges of a piece of speech brought to zero, where they are not: whatever follows, or was before, there is no step
 * between the two. The last few milliseconds are held back until it is known whether they are the last.
 */
export class SmoothEdges {
  readonly #fade: Float64Array;
  readonly #edgeSamples: number;
  #held = new Int16Array(0);
  /** Samples of the beginning that are still to be faded in; `undefined`: too few have come to know. */
  #rising: number | undefined;

  /** @param sampleRate Hz. */
  constructor(sampleRate: number) {
    const length = Math.max(2, Math.round((FADE_MS * sampleRate) / 1000));
    this.#fade = Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / length));
    this.#edgeSamples = Math.ceil((EDGE_MS * sampleRate) / 1000);
  }

  /** What can be let go of so far; the receiver's own. */
  push(samples: Int16Array): Int16Array {
    const joined = new Int16Array(this.#held.length + samples.length);
    joined.set(this.#held);
    joined.set(samples, this.#held.length);
    if (this.#rising !== undefined) this.#rise(joined, this.#held.length);
    else if (joined.length >= this.#edgeSamples) this.#begin(joined);
    const keep = Math.min(joined.length, this.#fade.length);
    this.#held = joined.slice(joined.length - keep);
    return joined.subarray(0, joined.length - keep);
  }

  /** The piece is over: its last samples. */
  end(): Int16Array {
    const tail = this.#held;
    if (this.#rising === undefined) this.#begin(tail);
    this.#held = new Int16Array(0);
    this.#rising = undefined;
    if (isQuiet(tail.subarray(-this.#edgeSamples))) return tail;
    const { length } = this.#fade;
    // A piece shorter than that is faded over all of it.
    for (let i = 0; i < tail.length; i += 1) {
      const left = tail.length - 1 - i;
      tail[i] = Math.round((tail[i] as number) * (this.#fade[Math.floor((left * length) / tail.length)] as number));
    }
    return tail;
  }

  #begin(samples: Int16Array): void {
    this.#rising = isQuiet(samples.subarray(0, this.#edgeSamples)) ? 0 : this.#fade.length;
    this.#rise(samples, 0);
  }

  /** Fades in what belongs to the beginning, from `start` on. */
  #rise(samples: Int16Array, start: number): void {
    const rising = this.#rising ?? 0;
    const from = this.#fade.length - rising;
    const count = Math.min(rising, samples.length - start);
    for (let i = 0; i < count; i += 1) {
      samples[start + i] = Math.round((samples[start + i] as number) * (this.#fade[from + i] as number));
    }
    this.#rising = rising - count;
  }
}

function isQuiet(samples: Int16Array): boolean {
  return samples.every((sample) => Math.abs(sample) <= QUIET);
}

/** A place in a connection's audio and the place in the call's that it is. */
interface Mark {
  readonly streamMs: number;
  readonly positionMs: number;
}

/** What is kept of the past: a connection is marked anew only after a pause or a loss. */
const KEPT_MARKS = 64;

/**
 * Translates a provider's times, which count the audio that one connection was sent, into the call's own: the two part
 * company whenever silence is sent that no caller was part of, and when a new connection begins in the middle.
 */
export class StreamClock {
  #marks: Mark[] = [];

  /** From `streamMs` of the connection on, its audio is that of `positionMs` of the call. */
  mark(streamMs: number, positionMs: number): void {
    if (this.#marks.at(-1)?.streamMs === streamMs) this.#marks.pop();
    if (this.#marks.length >= KEPT_MARKS) this.#marks.shift();
    this.#marks.push({ streamMs, positionMs });
  }

  /** A new connection: its audio begins at 0. */
  reset(): void {
    this.#marks = [];
  }

  /** Where in the call `streamMs` of the connection is, ms; never negative. */
  positionOf(streamMs: number): number {
    let mark: Mark = this.#marks[0] ?? { streamMs: 0, positionMs: 0 };
    for (const each of this.#marks) if (each.streamMs <= streamMs) mark = each;
    return Math.max(0, mark.positionMs + streamMs - mark.streamMs);
  }
}

export interface SegmenterOptions {
  /** Silence after which a caller has probably finished, ms. */
  readonly pauseMs: number;
  /** Silence that ends a segment, ms. */
  readonly endMs: number;
  /** Longest segment, ms: Whisper's window is 30 s. */
  readonly longestMs: number;
}

/** What a frame brought about. */
export type SegmentStep =
  | { readonly type: 'none' }
  /** Somebody talks: with this frame it is certain. */
  | { readonly type: 'begin' }
  /** The caller has probably finished. */
  | { readonly type: 'pause' }
  /** Had not. */
  | { readonly type: 'resume' }
  | { readonly type: 'end' }
  /** The segment is too long: what came before `atMs` of it is one, the rest another. */
  | { readonly type: 'cut'; readonly atMs: number };

const nothing: SegmentStep = { type: 'none' };

/** So much voice within the window begins a segment, and so much ends a pause: a click does neither. ms */
const ONSET_MS = 60;
const RESUME_MS = 40;
const WINDOW_MS = 120;
/** Where a segment that is too long may be cut: in the last so many ms, but for its end. */
const CUT_WITHIN_MS = 10_000;
const CUT_BEFORE_END_MS = 300;
/** Levels are kept for stretches of this length, ms, which is the pause that one is cut in. */
const CELL_MS = 100;

type State = 'quiet' | 'voice' | 'pause';

/** Cuts a caller's audio into segments, by what stands out of it. Lives on the time of the audio; has no clock. */
export class Segmenter {
  readonly #options: SegmenterOptions;
  #state: State = 'quiet';
  /** Voice of late, ms: rises with it, and is forgotten within the window. */
  #recentMs = 0;
  #silentMs = 0;
  #lengthMs = 0;
  #voicedMs = 0;
  /** Loudest level of each cell of the segment, dBFS. */
  #cells: number[] = [];

  constructor(options: SegmenterOptions) {
    this.#options = options;
  }

  /** A segment is under way. */
  get open(): boolean {
    return this.#state !== 'quiet';
  }

  get paused(): boolean {
    return this.#state === 'pause';
  }

  /** Voice in the segment under way, ms. */
  get voicedMs(): number {
    return this.#voicedMs;
  }

  /** @param levelDb of the frame, for the choice of where to cut */
  push(voiced: boolean, durationMs: number, levelDb: number): SegmentStep {
    const decay = (WINDOW_MS - ONSET_MS) / WINDOW_MS;
    this.#recentMs = voiced ? this.#recentMs + durationMs : Math.max(0, this.#recentMs - durationMs * decay);
    if (this.#state === 'quiet') return this.#maybeBegin(durationMs);
    this.#note(durationMs, levelDb);
    this.#silentMs = voiced ? 0 : this.#silentMs + durationMs;
    if (voiced) this.#voicedMs += durationMs;
    if (this.#state === 'voice') {
      if (this.#silentMs >= this.#options.pauseMs) return this.#enter('pause');
    } else if (this.#silentMs >= this.#options.endMs) {
      this.end();
      return { type: 'end' };
    } else if (voiced && this.#recentMs >= RESUME_MS) return this.#enter('voice');
    return this.#lengthMs >= this.#options.longestMs ? this.#cut() : nothing;
  }

  /** Ends the segment under way, if there is one. */
  end(): void {
    this.#state = 'quiet';
    this.#recentMs = 0;
    this.#silentMs = 0;
    this.#lengthMs = 0;
    this.#voicedMs = 0;
    this.#cells = [];
  }

  #maybeBegin(durationMs: number): SegmentStep {
    if (this.#recentMs < ONSET_MS) return nothing;
    this.#state = 'voice';
    this.#voicedMs = this.#recentMs;
    this.#recentMs = ONSET_MS;
    this.#lengthMs = durationMs;
    return { type: 'begin' };
  }

  #enter(state: 'voice' | 'pause'): SegmentStep {
    this.#state = state;
    this.#recentMs = state === 'voice' ? ONSET_MS : 0;
    return { type: state === 'voice' ? 'resume' : 'pause' };
  }

  #note(durationMs: number, levelDb: number): void {
    const cell = Math.floor(this.#lengthMs / CELL_MS);
    this.#cells[cell] = Math.max(this.#cells[cell] ?? levelDb, levelDb);
    this.#lengthMs += durationMs;
  }

  /** At the quietest moment of the last seconds; of several, the latest. */
  #cut(): SegmentStep {
    const last = Math.max(1, Math.floor((this.#lengthMs - CUT_BEFORE_END_MS) / CELL_MS));
    let best = last;
    for (let cell = last; cell >= Math.max(1, last - CUT_WITHIN_MS / CELL_MS); cell -= 1) {
      if ((this.#cells[cell] ?? 0) < (this.#cells[best] ?? 0)) best = cell;
    }
    const atMs = best * CELL_MS + CELL_MS / 2;
    this.#cells = this.#cells.slice(best + 1);
    this.#voicedMs = (this.#voicedMs * (this.#lengthMs - atMs)) / this.#lengthMs;
    this.#lengthMs -= atMs;
    return { type: 'cut', atMs };
  }
}

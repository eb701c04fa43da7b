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
  /** The segment is too long: what came before `atMs` of it is one, the rest another. `clean`: nobody speaks there. */
  | { readonly type: 'cut'; readonly atMs: number; readonly clean: boolean };

const nothing: SegmentStep = { type: 'none' };

/** So much voice within the window begins a segment, and so much ends a pause: a click does neither. ms */
const ONSET_MS = 60;
const RESUME_MS = 40;
const WINDOW_MS = 120;
/** Where a segment that is too long is cut: in a lull of the last so many ms, … */
const CUT_WITHIN_MS = 10_000;
/** … silence that is longer than the stops within words, ms; … */
const LULL_MS = 180;
/** … and where there is none, at the quietest moment that has speech on both sides of it to know it by, ms before the end. */
const CUT_FROM_MS = 4_000;
const CUT_UNTIL_MS = 1_500;
/** Levels are kept for stretches of this length, ms. */
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
  /** The middle of its last lull. */
  #lullAtMs = 0;

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
    if (this.#silentMs >= LULL_MS) this.#lullAtMs = this.#lengthMs - this.#silentMs / 2;
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
    this.#lullAtMs = 0;
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

  #cut(): SegmentStep {
    const clean = this.#lullAtMs > Math.max(this.#lengthMs / 2, this.#lengthMs - CUT_WITHIN_MS);
    const atMs = clean ? this.#lullAtMs : this.#quietestMs();
    this.#cells = this.#cells.slice(Math.floor(atMs / CELL_MS) + 1);
    this.#voicedMs = (this.#voicedMs * (this.#lengthMs - atMs)) / this.#lengthMs;
    this.#lengthMs -= atMs;
    this.#lullAtMs = 0;
    return { type: 'cut', atMs, clean };
  }

  /** Of several moments that are as quiet, the latest. */
  #quietestMs(): number {
    const last = Math.floor((this.#lengthMs - CUT_UNTIL_MS) / CELL_MS);
    let best = last;
    for (let cell = last; cell >= (this.#lengthMs - CUT_FROM_MS) / CELL_MS; cell -= 1) {
      if ((this.#cells[cell] ?? 0) < (this.#cells[best] ?? 0)) best = cell;
    }
    return best * CELL_MS + CELL_MS / 2;
  }
}

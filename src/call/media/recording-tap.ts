import type { StreamTap } from '../../media/engine.js';

/** A recorder as a call sees it. */
export interface CallRecorder extends StreamTap {
  /** There is a file, whole or not. */
  readonly begun: boolean;
  /** Resolves once the file is complete. */
  close(): Promise<unknown>;
}

/** Who may ask for a pause: a person by the admin interface, or the agent by a tool. */
export type RecordingParty = 'operator' | 'agent';

/** A stretch that was left out, ms from the beginning of the file. */
export interface RecordingPause {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Stands in the stream from its opening, and lets a recorder listen from the answer on: its origin is the answer. */
export class RecordingTap implements StreamTap {
  #recorder: CallRecorder | undefined;
  /** Made with the first pause. */
  #pausedBy: Set<RecordingParty> | undefined;
  #forbidden = false;
  /** The caller has not heard yet that there is a recording: nothing of what they say is kept. */
  #callerUntold = false;
  #originMs = 0;
  readonly #pauses: RecordingPause[] = [];
  #pausedAtMs = 0;

  /** There is a recording, and it may be one. */
  get recording(): boolean {
    return this.#recorder !== undefined && !this.#forbidden;
  }

  get active(): boolean {
    return this.#recorder !== undefined;
  }

  /**
   * @param originMs where the file begins ({@link Clock.now})
   * @param callerUntold nothing of the caller before {@link callerTold}
   */
  begin(recorder: CallRecorder, originMs: number, callerUntold = false): void {
    this.#recorder = recorder;
    this.#originMs = originMs;
    this.#callerUntold = callerUntold;
  }

  /** The caller has heard that there is a recording. */
  callerTold(): void {
    this.#callerUntold = false;
  }

  /** What was left out so far; one that lasts ends now. */
  pauses(nowMs: number): readonly RecordingPause[] {
    return !this.#paused ? this.#pauses : [...this.#pauses, this.#pauseUntil(nowMs)];
  }

  /** What passes meanwhile is left out: silence, as long as it was. Nobody ends a pause of somebody else's. */
  pause(paused: boolean, by: RecordingParty, nowMs: number): void {
    const before = this.#paused;
    this.#pausedBy ??= new Set();
    if (paused) this.#pausedBy.add(by);
    else this.#pausedBy.delete(by);
    const now = this.#paused;
    if (!before && now) this.#pausedAtMs = nowMs;
    else if (before && !now) this.#pauses.push(this.#pauseUntil(nowMs));
  }

  /** Nothing more is recorded, whoever asks for it: the caller was not told. */
  forbid(): void {
    this.#forbidden = true;
  }

  caller(samples: Int16Array, atMs: number, rtpTimestamp: number): void {
    if (this.#records && !this.#callerUntold) this.#recorder?.caller(samples, atMs, rtpTimestamp);
  }

  agent(samples: Int16Array, atMs: number): void {
    if (this.#records) this.#recorder?.agent(samples, atMs);
  }

  #pauseUntil(nowMs: number): RecordingPause {
    return {
      fromMs: Math.round(this.#pausedAtMs - this.#originMs),
      toMs: Math.round(nowMs - this.#originMs),
    };
  }

  get #paused(): boolean {
    return this.#pausedBy !== undefined && this.#pausedBy.size > 0;
  }

  get #records(): boolean {
    return !this.#paused && !this.#forbidden;
  }

  async close(): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    await recorder?.close();
  }
}

import type { StreamTap } from '../media/engine.js';

/** A recorder as a call sees it. */
export interface CallRecorder extends StreamTap {
  /** Resolves once the file is complete. */
  close(): Promise<unknown>;
}

/** Who may ask for a pause: a person by the admin interface, or the agent by a tool. */
export type RecordingParty = 'operator' | 'agent';

/** Stands in the stream from its opening, and lets a recorder listen from the answer on: its origin is the answer. */
export class RecordingTap implements StreamTap {
  #recorder: CallRecorder | undefined;
  readonly #pausedBy = new Set<RecordingParty>();
  #forbidden = false;

  /** There is a recording, and it may be one. */
  get recording(): boolean {
    return this.#recorder !== undefined && !this.#forbidden;
  }

  get active(): boolean {
    return this.#recorder !== undefined;
  }

  begin(recorder: CallRecorder): void {
    this.#recorder = recorder;
  }

  /** What passes meanwhile is left out: silence, as long as it was. Nobody ends a pause of somebody else's. */
  pause(paused: boolean, by: RecordingParty): void {
    if (paused) this.#pausedBy.add(by);
    else this.#pausedBy.delete(by);
  }

  /** Nothing more is recorded, whoever asks for it: the caller was not told. */
  forbid(): void {
    this.#forbidden = true;
  }

  caller(samples: Int16Array, atMs: number, rtpTimestamp: number): void {
    if (this.#records) this.#recorder?.caller(samples, atMs, rtpTimestamp);
  }

  agent(samples: Int16Array, atMs: number): void {
    if (this.#records) this.#recorder?.agent(samples, atMs);
  }

  get #records(): boolean {
    return this.#pausedBy.size === 0 && !this.#forbidden;
  }

  async close(): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    await recorder?.close();
  }
}

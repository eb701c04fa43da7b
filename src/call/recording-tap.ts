import type { StreamTap } from '../media/engine.js';

/** A recorder as a call sees it. */
export interface CallRecorder extends StreamTap {
  /** Resolves once the file is complete. */
  close(): Promise<unknown>;
}

/** Stands in the stream from its opening, and lets a recorder listen from the answer on: its origin is the answer. */
export class RecordingTap implements StreamTap {
  #recorder: CallRecorder | undefined;
  #paused = false;

  get recording(): boolean {
    return this.#recorder !== undefined;
  }

  get active(): boolean {
    return this.#recorder !== undefined;
  }

  begin(recorder: CallRecorder): void {
    this.#recorder = recorder;
  }

  /** What passes meanwhile is left out: silence, as long as it was. */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  caller(samples: Int16Array, atMs: number, rtpTimestamp: number): void {
    if (!this.#paused) this.#recorder?.caller(samples, atMs, rtpTimestamp);
  }

  agent(samples: Int16Array, atMs: number): void {
    if (!this.#paused) this.#recorder?.agent(samples, atMs);
  }

  async close(): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = undefined;
    await recorder?.close();
  }
}

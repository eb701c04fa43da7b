import { dirname } from 'node:path';
import type { Clock, TimerHandle } from '../../base/clock.js';
import { ConnectorError } from '../../base/connector-error.js';
import { fileProblem } from '../../base/file-problem.js';
import { makeDirectory } from '../../base/make-directory.js';
import type { StreamTap } from '../engine.js';
import type { CreateRecordingFile, RecordingFile } from './recording-file.js';
import { BLOCK_FRAMES, StereoTimeline, TIMELINE_HZ } from './stereo-timeline.js';
import { TrackCursor, type TrackCursorOptions } from './track-cursor.js';
import { createWavRecording } from './wav-recording.js';

const SAMPLES_PER_MS = TIMELINE_HZ / 1000;

/** How often complete half-seconds go to disk, ms. */
const FLUSH_INTERVAL_MS = 1000;

export interface StereoRecorderOptions {
  /** Written over if it exists; missing directories are made. Readable by the owner only. */
  readonly path: string;
  /** {@link Clock.now} that is to be the first sample of the file. Sound before it is left out. */
  readonly originMs: number;
  readonly clock: Clock;
  /** Default: a WAVE file. */
  readonly createFile?: CreateRecordingFile;
}

/**
 * Records both directions of a call as they pass the socket, at 8000 Hz, caller left, agent right, on one time axis. A caller packet *ends* at its arrival and an agent packet *begins* at its sending, so that the silence
 * between a question and its answer is as long in the file as `v2vMs` says.
 */
export interface StereoRecorder extends StreamTap {
  /** There is a file, whole or not; certain once it is closed. */
  readonly begun: boolean;
  /**
   * Writes the rest, closes the file and says how long it is. Idempotent. Rejects with `ERR_RECORDING_WRITE` when any
   * part could not be written: recording had stopped there, and the file holds what came before; or, where the disk had
   * only been too slow, the file is whole but for holes.
   */
  close(): Promise<{ readonly path: string; readonly durationMs: number }>;
}

/**
 * Starts a recording. The file is opened in the background; every failure comes out of `close`. Memory is bounded at
 * 256 KB: a disk that stalls for more than 6 s costs silence in the recording, which `close` tells of, never the call.
 */
export function createStereoRecorder(options: StereoRecorderOptions): StereoRecorder {
  return new DiskRecorder(options);
}

/**
 * Phones' clocks drift by 100 ppm at most, networks jitter by tens of ms: half a second of straying is no jitter, and one
 * early packet no reason to move.
 */
export const callerTrack = {
  driftSamples: 60 * SAMPLES_PER_MS,
  driftPackets: 25,
  creepSamples: 5 * SAMPLES_PER_MS,
  creepPackets: 250,
  earlySamples: Number.POSITIVE_INFINITY,
  jumpSamples: 400 * SAMPLES_PER_MS,
  spurtGapSamples: 60 * SAMPLES_PER_MS,
} as const satisfies TrackCursorOptions;

/**
 * Our own packets leave on a grid, never before their time: a late tick is made up for by the next, and only a skipped
 * slot strays for good.
 */
export const agentTrack = {
  driftSamples: 10 * SAMPLES_PER_MS,
  driftPackets: 10,
  creepSamples: SAMPLES_PER_MS,
  creepPackets: 250,
  earlySamples: SAMPLES_PER_MS,
  jumpSamples: 60 * SAMPLES_PER_MS,
  spurtGapSamples: 0,
} as const satisfies TrackCursorOptions;

class DiskRecorder implements StereoRecorder {
  readonly #options: StereoRecorderOptions;
  readonly #timeline = new StereoTimeline();
  readonly #callerCursor = new TrackCursor(callerTrack);
  readonly #agentCursor = new TrackCursor(agentTrack);
  /** Where the caller's latest packet ends, and one sample to close the seam when the track has moved by one. */
  #callerEnd = 0;
  readonly #seam = new Int16Array(1);
  #callerMedia = 0;
  #lastTimestamp: number | undefined;
  #agentMedia = 0;
  #file: RecordingFile | undefined;
  #failure: unknown;
  #flushing: Promise<void> | undefined;
  #timer: TimerHandle | undefined;
  #closing: Promise<{ path: string; durationMs: number }> | undefined;
  readonly #onTimer = (): void => {
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      this.#arm();
    });
  };

  constructor(options: StereoRecorderOptions) {
    this.#options = options;
    this.#onTimer();
  }

  get begun(): boolean {
    return this.#file !== undefined;
  }

  caller(samples: Int16Array, atMs: number, rtpTimestamp: number): void {
    if (this.#stopped()) return;
    // RTP timestamps wrap at 2^32 (RFC 3550 section 5.1); the difference of two neighbours does not.
    this.#callerMedia += this.#lastTimestamp === undefined ? 0 : (rtpTimestamp - this.#lastTimestamp) | 0;
    this.#lastTimestamp = rtpTimestamp;
    const frame = this.#callerCursor.place(this.#frameAt(atMs) - samples.length, this.#callerMedia, samples.length);
    if (frame === this.#callerEnd + 1) {
      this.#seam[0] = samples[0] as number;
      this.#timeline.put(0, frame - 1, this.#seam);
    }
    this.#callerEnd = frame + samples.length;
    this.#timeline.put(0, frame, samples);
  }

  agent(samples: Int16Array, atMs: number): void {
    if (this.#stopped()) return;
    const frame = this.#agentCursor.place(this.#frameAt(atMs), this.#agentMedia, samples.length);
    this.#agentMedia += samples.length;
    this.#timeline.put(1, frame, samples);
  }

  close(): Promise<{ readonly path: string; readonly durationMs: number }> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #frameAt(atMs: number): number {
    return Math.round((atMs - this.#options.originMs) * SAMPLES_PER_MS);
  }

  #stopped(): boolean {
    return this.#closing !== undefined || this.#failure !== undefined;
  }

  #arm(): void {
    if (this.#stopped()) return;
    this.#timer = this.#options.clock.setTimeout(this.#onTimer, FLUSH_INTERVAL_MS);
  }

  async #close(): Promise<{ path: string; durationMs: number }> {
    this.#options.clock.clearTimeout(this.#timer);
    await this.#flushing;
    this.#timeline.finish();
    await this.#flush();
    await this.#finishFile();
    const { path } = this.#options;
    if (this.#failure !== undefined) {
      const reason = `${path}: ${fileProblem(this.#failure)}`;
      throw new ConnectorError('ERR_RECORDING_WRITE', reason, { cause: this.#failure });
    }
    const { blocks, lateSamples } = this.#timeline.losses;
    const lostMs = Math.round((blocks * BLOCK_FRAMES + lateSamples) / SAMPLES_PER_MS);
    if (lostMs > 0) {
      throw new ConnectorError('ERR_RECORDING_WRITE', `${path}: ${lostMs} ms of sound could not be written in time`);
    }
    return { path, durationMs: this.#timeline.endFrame / SAMPLES_PER_MS };
  }

  /** Writes all complete blocks. Never rejects: see {@link #failure}. */
  async #flush(): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      const file = this.#file ?? (await this.#begin());
      let wrote = false;
      for (let block = this.#timeline.takeReady(); block !== undefined; block = this.#timeline.takeReady()) {
        await file.write(block);
        this.#timeline.release(block);
        wrote = true;
      }
      if (wrote) await file.settle();
    } catch (error) {
      this.#failure = error;
    }
  }

  async #begin(): Promise<RecordingFile> {
    const { path, createFile = createWavRecording } = this.#options;
    await makeDirectory(dirname(path), 0o700);
    const file = await createFile(path);
    this.#file = file;
    await file.begin();
    return file;
  }

  /** Ends the file where the sound ends; after a failure it stays as it was. Never rejects. */
  async #finishFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    try {
      if (this.#failure === undefined) await file.finish(this.#timeline.endFrame);
    } catch (error) {
      this.#failure = error;
    } finally {
      await file.close().catch((error: unknown) => {
        this.#failure ??= error;
      });
    }
  }
}

import { availableParallelism } from 'node:os';
import type { Clock } from '../../base/clock.js';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import type { Random } from '../../base/random.js';
import type { MediaEngineOptions } from '../dgram-engine.js';
import { fingerprintOf } from '../dtls/dtls-identity.js';
import type { DtlsFingerprint, MediaEngine, MediaStream, StreamOptions } from '../engine.js';
import { type RtpPlace, RtpPorts } from '../sockets/rtp-ports.js';
import { MediaWorker } from './media-worker.js';

export interface WorkerEngineDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** A thread has died; its calls have failed, the next gets a new one. */
  onThreadDied?(message: string): void;
  /** Something an operator asked for cannot be had, and the engine goes on without. */
  onNotice?(message: string): void;
  /** Starts a thread at once, see `ready`: the first call need not wait for it. Default: with the first stream. */
  readonly startsAtOnce?: boolean;
  /** What a thread runs. Default: `thread-entry`. */
  readonly entry?: URL;
}

export const workerEngineDefaults = {
  /** From so many streams on a thread, another is started if the machine has a core for it. */
  streamsPerThread: 150,
  /** Cores left to everything else. */
  otherCores: 1,
  /** How long streams have to close when the engine is closed, ms. */
  closeMs: 2_000,
} as const;

/**
 * The media engine whose streams run in threads of their own: nothing that the rest of the process does holds up a packet.
 * Threads are started as streams need them.
 */
export function createWorkerEngine(options: MediaEngineOptions, deps: WorkerEngineDeps): MediaEngine {
  return new WorkerEngine(options, deps);
}

class WorkerEngine implements MediaEngine {
  readonly fingerprint: DtlsFingerprint | undefined;
  readonly #options: MediaEngineOptions;
  readonly #deps: WorkerEngineDeps;
  readonly #ports: RtpPorts;
  readonly #maxThreads = Math.max(1, availableParallelism() - workerEngineDefaults.otherCores);
  readonly #threads = new Set<MediaWorker>();
  #started = 0;
  /** A thread that would have been of use could not be started, and this was said. */
  #shortOfThreads = false;
  #disposed = false;

  constructor(options: MediaEngineOptions, deps: WorkerEngineDeps) {
    this.fingerprint = options.dtls && fingerprintOf(options.dtls);
    this.#options = options;
    this.#deps = deps;
    this.#ports = new RtpPorts(options, deps);
    if (deps.startsAtOnce === true) this.#start();
  }

  open(options: StreamOptions): Promise<MediaStream> {
    return this.#ports.open(options.family, (place) => this.#openOn(place, options));
  }

  async ready(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => thread.ready()));
  }

  usage(): ReturnType<MediaEngine['usage']> {
    return this.#ports.usage();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#threads].map((thread) => thread.stop(workerEngineDefaults.closeMs)));
  }

  async #openOn(place: RtpPlace, options: StreamOptions): Promise<MediaStream> {
    if (this.#disposed) throw new ConnectorError('ERR_NO_MEDIA_PORT', 'the media engine is closed');
    return this.#thread().open(place, options);
  }

  /** The least loaded thread; another one where all have enough and the machine has room for it. */
  #thread(): MediaWorker {
    let least: MediaWorker | undefined;
    for (const thread of this.#threads) if (!least || thread.load < least.load) least = thread;
    const enough = least !== undefined && least.load >= workerEngineDefaults.streamsPerThread;
    if (least && (!enough || this.#threads.size >= this.#maxThreads)) return least;
    try {
      return this.#start();
    } catch (error) {
      // A limit of threads or memory (ERR_WORKER_INIT_FAILED): the threads there are take the call, as with fewer cores.
      if (least === undefined) throw error;
      if (!this.#shortOfThreads) this.#deps.onNotice?.(`no other media thread can be started: ${errorMessage(error)}`);
      this.#shortOfThreads = true;
      return least;
    }
  }

  #start(): MediaWorker {
    this.#started += 1;
    const { ports } = this.#options;
    const thread: MediaWorker = new MediaWorker(
      {
        host: this.#options,
        maxStreams: Math.max(1, Math.ceil((ports.max - ports.min + 1) / 2)),
        name: `media-${this.#started}`,
      },
      this.#deps.clock,
      {
        onFreed: (port) => this.#ports.release(port),
        onNotice: (message) => this.#deps.onNotice?.(message),
        onGone: (message) => {
          this.#threads.delete(thread);
          if (message !== undefined) this.#deps.onThreadDied?.(message);
        },
      },
      this.#deps.entry,
    );
    this.#threads.add(thread);
    return thread;
  }
}

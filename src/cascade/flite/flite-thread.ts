import { Worker } from 'node:worker_threads';
import type { Clock, TimerHandle } from '../../base/clock.js';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { threadLimits } from '../../base/thread-limits.js';
import type { SpeechJob, SpeechReply } from './flite-worker.mjs';
import type { Synthesis } from './synthesise.mjs';

export interface FliteThreadOptions {
  readonly clock: Clock;
  /** A single piece of text that takes longer than this has run wild; the thread is ended. */
  readonly jobTimeoutMs: number;
  readonly workerUrl: URL;
}

/** A job on its way: queued, then handed to the worker, one at a time. */
interface PendingJob {
  readonly job: SpeechJob;
  readonly resolve: (speech: Synthesis) => void;
  readonly reject: (error: unknown) => void;
  readonly stopListening: () => void;
}

/**
 * The thread that speaks, started with the first job and again after a crash. It lets the process end whenever nothing
 * is being spoken.
 */
export class FliteThread implements AsyncDisposable {
  readonly #options: FliteThreadOptions;
  #worker: Worker | undefined;
  readonly #queue: PendingJob[] = [];
  /** What the worker is busy with. An aborted job stays here until the worker is through with it. */
  #running: PendingJob | undefined;
  #timer: TimerHandle | undefined;
  #nextId = 1;
  #disposed = false;

  constructor(options: FliteThreadOptions) {
    this.#options = options;
  }

  /**
   * Speaks one piece of text. Rejects with `ERR_SPEECH` when synthesis fails or the thread is gone, and with the
   * signal's reason when aborted: a queued job is then forgotten, the one at work runs out unheard.
   */
  run(voice: string, text: string, signal?: AbortSignal): Promise<Synthesis> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#disposed) return Promise.reject(new ConnectorError('ERR_SPEECH', 'the voice has been disposed of'));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const at = this.#queue.indexOf(pending);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(signal?.reason);
      };
      const pending: PendingJob = {
        job: { id: this.#nextId++, voice, text },
        resolve,
        reject,
        stopListening: () => signal?.removeEventListener('abort', onAbort),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(pending);
      this.#advance();
    });
  }

  /** Ends the thread; what is still to be spoken is rejected. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const worker = this.#worker;
    this.#fail(new ConnectorError('ERR_SPEECH', 'the voice has been disposed of'));
    await worker?.terminate();
  }

  #advance(): void {
    if (this.#running !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#worker?.unref();
      return;
    }
    this.#running = next;
    let worker: Worker;
    try {
      worker = this.#worker ?? this.#start();
    } catch (cause) {
      // The system has no thread left: the next job may get one.
      this.#settle();
      next.stopListening();
      next.reject(speechError(`the speech thread cannot be started: ${errorMessage(cause)}`, cause));
      this.#advance();
      return;
    }
    worker.ref();
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#lose(worker, `no speech within ${this.#options.jobTimeoutMs} ms`);
    }, this.#options.jobTimeoutMs);
    worker.postMessage(next.job);
  }

  #start(): Worker {
    // The process's own options (a loader, --input-type) are not for this file.
    const worker = new Worker(this.#options.workerUrl, { name: 'flite', execArgv: [], resourceLimits: threadLimits });
    this.#worker = worker;
    worker.on('message', (reply: SpeechReply) => this.#onReply(worker, reply));
    worker.on('error', (error) => this.#lose(worker, 'the speech thread failed', error));
    worker.on('messageerror', (error) => this.#lose(worker, 'the speech thread sent an unreadable answer', error));
    worker.on('exit', (status) => this.#lose(worker, `the speech thread exited with ${status}`));
    return worker;
  }

  #onReply(worker: Worker, reply: SpeechReply): void {
    const running = this.#running;
    if (worker !== this.#worker || running === undefined || reply.id !== running.job.id) return;
    this.#settle();
    running.stopListening();
    if ('error' in reply) running.reject(new ConnectorError('ERR_SPEECH', `speech synthesis failed: ${reply.error}`));
    else running.resolve(reply);
    this.#advance();
  }

  /** The worker is of no more use: fails the job it had, and lets the next one start another. */
  #lose(worker: Worker, message: string, cause?: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    // Its end is of no more interest; a termination that fails would mean that it had ended by itself.
    void worker.terminate();
    const running = this.#running;
    this.#settle();
    running?.stopListening();
    running?.reject(speechError(cause === undefined ? message : `${message}: ${errorMessage(cause)}`, cause));
    this.#advance();
  }

  #fail(error: ConnectorError): void {
    this.#worker = undefined;
    const jobs = this.#running === undefined ? this.#queue.splice(0) : [this.#running, ...this.#queue.splice(0)];
    this.#settle();
    for (const { reject, stopListening } of jobs) {
      stopListening();
      reject(error);
    }
  }

  #settle(): void {
    this.#running = undefined;
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function speechError(message: string, cause: unknown): ConnectorError {
  return new ConnectorError('ERR_SPEECH', message, cause === undefined ? {} : { cause });
}

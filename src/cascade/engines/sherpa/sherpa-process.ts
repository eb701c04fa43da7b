import { type ChildProcess, fork } from 'node:child_process';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { orAborted } from '../../../base/or-aborted.js';
import { FlavorError } from '../../../flavor-api/index.js';
import { isObject, numberIn, textIn } from '../shared/json.js';
import type { SherpaSetup } from './sherpa-child.mjs';

export interface SherpaProcessOptions {
  readonly setup: SherpaSetup;
  /** Of the model, for messages. */
  readonly folder: string;
  /** For the model to be loaded, ms. */
  readonly loadTimeoutMs: number;
  /** For one piece of work, ms; then the process is ended, for nothing else stops it. */
  readonly jobTimeoutMs: number;
  readonly clock: Clock;
  /** Default: the one beside this file. */
  readonly child?: URL;
}

/** A job without its number. */
export type SherpaWork =
  | { readonly samples: Float32Array; readonly sampleRate: number }
  | { readonly text: string; readonly sid: number; readonly speed: number };

/** What came of it. */
export interface SherpaResult {
  readonly text?: string;
  readonly samples?: Float32Array;
  readonly sampleRate?: number;
}

interface Job {
  readonly id: number;
  readonly work: SherpaWork;
  readonly resolve: (result: SherpaResult) => void;
  readonly reject: (error: unknown) => void;
  readonly stopListening: () => void;
}

interface Running {
  readonly child: ChildProcess;
  /** Rejects when the model cannot be had. */
  readonly ready: Promise<{ readonly sampleRate: number }>;
  readonly fail: (error: FlavorError) => void;
  readonly succeed: (ready: { readonly sampleRate: number }) => void;
}

/**
 * A process with a model in it, started with the first work and again after it has died. Works on one thing at a time: the
 * model's own threads are what makes it quick.
 */
export class SherpaProcess implements AsyncDisposable {
  readonly #options: SherpaProcessOptions;
  readonly #queue: Job[] = [];
  #running: Running | undefined;
  #job: Job | undefined;
  #timer: TimerHandle | undefined;
  #nextId = 1;
  #disposed = false;

  constructor(options: SherpaProcessOptions) {
    this.#options = options;
  }

  /**
   * Loads the model, unless it is.
   *
   * @throws FlavorError `ERR_FLAVOR_CONFIG` when package or model cannot be loaded; `signal.reason`
   */
  async load(signal: AbortSignal): Promise<{ readonly sampleRate: number }> {
    signal.throwIfAborted();
    const { ready } = this.#running ?? this.#start();
    return orAborted(ready, signal);
  }

  /** @throws FlavorError; `signal.reason`: work that has begun goes on, unheard */
  async run(work: SherpaWork, signal: AbortSignal): Promise<SherpaResult> {
    await this.load(signal);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const at = this.#queue.indexOf(job);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(signal.reason);
      };
      const stopListening = (): void => signal.removeEventListener('abort', onAbort);
      const job: Job = { id: this.#nextId, work, resolve, reject, stopListening };
      this.#nextId += 1;
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(job);
      this.#advance();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#lose(this.#running, new FlavorError('ERR_FLAVOR_NETWORK', 'sherpa-onnx has been disposed of', false));
  }

  #start(): Running {
    if (this.#disposed) throw new FlavorError('ERR_FLAVOR_NETWORK', 'sherpa-onnx has been disposed of', false);
    const { setup, child: url, clock, loadTimeoutMs, folder } = this.#options;
    const child = fork(url ?? new URL('./sherpa-child.mjs', import.meta.url), {
      serialization: 'advanced',
      execArgv: [],
      // Native code writes what it likes, words of callers included.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let fail: Running['fail'] = () => {};
    let succeed: Running['succeed'] = () => {};
    const ready = new Promise<{ readonly sampleRate: number }>((resolve, reject) => {
      succeed = resolve;
      fail = reject;
    });
    ready.catch(() => {});
    const running: Running = { child, ready, fail, succeed };
    this.#running = running;
    this.#timer = clock.setTimeout(() => {
      this.#lose(running, new FlavorError('ERR_FLAVOR_TIMEOUT', `sherpa-onnx took too long to load ${folder}`, true));
    }, loadTimeoutMs);
    child.on('message', (message) => this.#onMessage(running, message));
    child.on('error', () => this.#onGone(running, 'could not be started'));
    child.on('exit', (status, signal) => this.#onGone(running, `ended (${signal ?? `status ${status}`})`));
    child.send(setup);
    return running;
  }

  #onMessage(running: Running, message: unknown): void {
    if (running !== this.#running || !isObject(message)) return;
    if (message['ready'] === true) {
      this.#clearTimer();
      // It keeps the process of the connector from ending no longer than it is needed.
      running.child.unref();
      running.child.channel?.unref();
      running.succeed({ sampleRate: numberIn(message, 'sampleRate') ?? 0 });
      return;
    }
    const failed = textIn(message, 'failed');
    if (failed !== '') {
      this.#lose(running, loadFailure(failed, textIn(message, 'code'), this.#options.folder));
      return;
    }
    const job = this.#job;
    if (job === undefined || message['id'] !== job.id) return;
    this.#job = undefined;
    this.#clearTimer();
    job.stopListening();
    const error = textIn(message, 'error');
    if (error !== '') job.reject(new FlavorError('ERR_FLAVOR_PROTOCOL', `sherpa-onnx failed (${error})`, true));
    else job.resolve(resultOf(message));
    this.#advance();
  }

  #onGone(running: Running, how: string): void {
    if (running !== this.#running) return;
    // Native code leaves without a word over a model that it cannot read.
    const { folder } = this.#options;
    running.fail(
      new FlavorError(
        'ERR_FLAVOR_CONFIG',
        `sherpa-onnx ${how} over the model in ${folder}: unpack it again, or say what it is as kind`,
        false,
      ),
    );
    this.#lose(running, new FlavorError('ERR_FLAVOR_NETWORK', `sherpa-onnx ${how}`, true));
  }

  #advance(): void {
    const { clock, jobTimeoutMs } = this.#options;
    const running = this.#running;
    if (this.#job !== undefined || running === undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#job = job;
    this.#timer = clock.setTimeout(() => {
      this.#lose(running, new FlavorError('ERR_FLAVOR_TIMEOUT', 'sherpa-onnx took too long', true));
    }, jobTimeoutMs);
    running.child.send({ id: job.id, ...job.work });
  }

  /** The process is of no more use: what it had to do fails, and the next work starts another. */
  #lose(running: Running | undefined, error: FlavorError): void {
    if (running !== this.#running) return;
    this.#running = undefined;
    this.#clearTimer();
    running?.fail(error);
    running?.child.kill('SIGKILL');
    const jobs = this.#job === undefined ? this.#queue.splice(0) : [this.#job, ...this.#queue.splice(0)];
    this.#job = undefined;
    for (const job of jobs) {
      job.stopListening();
      job.reject(error);
    }
  }

  #clearTimer(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function loadFailure(failed: string, code: string, folder: string): FlavorError {
  if (failed !== 'module') {
    return new FlavorError(
      'ERR_FLAVOR_CONFIG',
      `sherpa-onnx cannot load the model in ${folder}: unpack it again, or say what it is as kind`,
      false,
    );
  }
  const absent = /MODULE_NOT_FOUND/.test(code);
  const message = absent
    ? 'the package sherpa-onnx-node is not installed: npm install sherpa-onnx-node (in a clone, where npm passes over optional peers: npm install --save-dev sherpa-onnx-node)'
    : 'the package sherpa-onnx-node cannot be loaded: its native part for this platform is missing';
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

function resultOf(message: Readonly<Record<string, unknown>>): SherpaResult {
  const { samples } = message;
  const sampleRate = numberIn(message, 'sampleRate');
  return {
    text: textIn(message, 'text'),
    ...(samples instanceof Float32Array && { samples }),
    ...(sampleRate !== undefined && { sampleRate }),
  };
}

import { Worker } from 'node:worker_threads';
import { compiledEntry } from '../../base/compiled-entry.js';
import type { Random } from '../../base/random.js';
import { threadLimits } from '../../base/thread-limits.js';
import type { CreateRecordingFile, RecordedBlock, RecordingFile } from './recording-file.js';

const ENDED = 'the recording thread has ended';

/** What the thread does, one after the other for each file. */
export type RecordingOrder =
  | { readonly type: 'create'; readonly path: string; readonly serial: number }
  | { readonly type: 'begin' }
  | ({ readonly type: 'write' } & RecordedBlock)
  | { readonly type: 'settle' }
  | { readonly type: 'finish'; readonly frames: number }
  | { readonly type: 'close' };

export interface RecordingRequest {
  readonly id: number;
  /** Number of the file, given by who asks. */
  readonly file: number;
  readonly order: RecordingOrder;
}

/** `error`: why it was not done. */
export interface RecordingReply {
  readonly id: number;
  readonly error: string | undefined;
}

interface Pending {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Recordings as Ogg with Opus, coded and written in a thread of their own, of low priority: neither the packets of calls nor
 * their flavors wait for it. The thread begins with the first file, and a process may end while nothing is asked of it.
 */
export class RecordingThread implements AsyncDisposable {
  readonly #random: Random;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #requests = 0;
  #ended = false;
  #files = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Rejects where the file cannot be created, and when the thread ends. */
  readonly createFile: CreateRecordingFile = async (path) => {
    this.#files += 1;
    const file = new ThreadFile(this.#files, (number, order) => this.#ask(number, order));
    await this.#ask(this.#files, { type: 'create', path, serial: this.#random.integer(2 ** 32) });
    return file;
  };

  /** Ends the thread. Files that are still written stay as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.#worker?.terminate();
  }

  #ask(file: number, order: RecordingOrder): Promise<void> {
    if (this.#ended) return Promise.reject(new Error(ENDED));
    return new Promise((resolve, reject) => {
      this.#requests += 1;
      const worker = this.#started();
      worker.ref();
      this.#pending.set(this.#requests, { resolve, reject });
      const request: RecordingRequest = { id: this.#requests, file, order };
      worker.postMessage(request);
    });
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(compiledEntry('./recording-thread-entry.js', import.meta.url), {
      name: 'recording',
      execArgv: [],
      resourceLimits: threadLimits,
    });
    let reason = ENDED;
    worker.on('message', ({ id, error }: RecordingReply) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (this.#pending.size === 0) worker.unref();
      if (error === undefined) pending?.resolve();
      else pending?.reject(new Error(error));
    });
    worker.on('error', ({ message }: Error) => {
      reason = `${reason}: ${message}`;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      const pending = [...this.#pending.values()];
      this.#pending.clear();
      for (const { reject } of pending) reject(new Error(reason));
    });
    this.#worker = worker;
    return worker;
  }
}

class ThreadFile implements RecordingFile {
  readonly #number: number;
  readonly #ask: (file: number, order: RecordingOrder) => Promise<void>;

  constructor(number: number, ask: (file: number, order: RecordingOrder) => Promise<void>) {
    this.#number = number;
    this.#ask = ask;
  }

  begin(): Promise<void> {
    return this.#ask(this.#number, { type: 'begin' });
  }

  write({ index, bytes }: RecordedBlock): Promise<void> {
    return this.#ask(this.#number, { type: 'write', index, bytes });
  }

  settle(): Promise<void> {
    return this.#ask(this.#number, { type: 'settle' });
  }

  finish(frames: number): Promise<void> {
    return this.#ask(this.#number, { type: 'finish', frames });
  }

  close(): Promise<void> {
    return this.#ask(this.#number, { type: 'close' });
  }
}

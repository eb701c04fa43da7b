import { Worker } from 'node:worker_threads';
import { type Clock, clockOriginMs } from '../../base/clock.js';
import { compiledEntry } from '../../base/compiled-entry.js';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { threadLimits } from '../../base/thread-limits.js';
import type { StreamListener, StreamOptions } from '../engine.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import type { RtpPlace } from '../sockets/rtp-ports.js';
import type { StreamHostOptions } from '../stream-host.js';
import { type MemoryPlace, MemoryPool } from './memory-pool.js';
import { SignalList } from './signal-list.js';
import { word } from './stream-memory.js';
import { BELL, type OpenOrder, type ThreadMessage, type ThreadSetup } from './thread-messages.js';
import { SoundNumbers } from './thread-sounds.js';
import { WorkerStream } from './worker-stream.js';

export interface MediaWorkerOptions {
  /** Plain data: it crosses to the thread. */
  readonly host: StreamHostOptions;
  /** Streams it may have at once. */
  readonly maxStreams: number;
  readonly name: string;
}

export interface MediaWorkerHandlers {
  /** The ports of a stream that was closed are free. */
  onFreed(port: number): void;
  /** The thread is gone, its streams have failed, and their ports are free. `message` says why, where it was no stop. */
  onGone(message: string | undefined): void;
  /** Something an operator asked for cannot be had. */
  onNotice(message: string): void;
}

const nobody: StreamListener = { onFrame: () => {}, onEvent: () => {} };

/** What a stream has to itself. */
interface StreamPlace {
  readonly rtp: RtpPlace;
  readonly memory: MemoryPlace;
}

interface Opening {
  readonly options: StreamOptions;
  resolve(stream: WorkerStream): void;
  reject(error: unknown): void;
}

/** What the streams of one media thread are to the rest of the process. */
export class MediaWorker {
  readonly #clock: Clock;
  readonly #handlers: MediaWorkerHandlers;
  readonly #worker: Worker;
  readonly #sounds = new SoundNumbers((order) => this.#worker.postMessage(order));
  readonly #down: SignalList;
  readonly #up: SignalList;
  readonly #bell = new SharedArrayBuffer(4);
  readonly #bellWords = new Int32Array(this.#bell);
  readonly #openings = new Map<number, Opening>();
  /** By number. Numbers are dense, and looked up for each frame. */
  readonly #streams: (WorkerStream | undefined)[] = [];
  readonly #places = new Map<number, StreamPlace>();
  readonly #memory = new MemoryPool();
  readonly #freeIds: number[] = [];
  #nextId = 0;
  #idle: (() => void) | undefined;
  #onReady: () => void = () => {};
  readonly #ready = new Promise<void>((resolve) => {
    this.#onReady = resolve;
  });
  #stopping = false;
  /** We end the thread: nobody has to hear that it has died. */
  #ending = false;
  #gone = false;

  constructor(
    options: MediaWorkerOptions,
    clock: Clock,
    handlers: MediaWorkerHandlers,
    entry = compiledEntry('./thread-entry.js', import.meta.url),
  ) {
    const { host, maxStreams, name } = options;
    this.#clock = clock;
    this.#handlers = handlers;
    // A stream whose number is new may still stand in a list under its old one.
    const downList = SignalList.allocate(2 * maxStreams);
    const upList = SignalList.allocate(2 * maxStreams);
    this.#down = new SignalList(downList);
    this.#up = new SignalList(upList);
    const setup: ThreadSetup = {
      options: host,
      originMs: clockOriginMs(clock),
      downList,
      upList,
      bell: this.#bell,
    };
    // What the process was told to load, an agent that watches it perhaps, has no business where packets are paced.
    this.#worker = new Worker(entry, { name, workerData: setup, execArgv: [], resourceLimits: threadLimits });
    this.#worker.on('message', (message: ThreadMessage) => this.#onMessage(message));
    this.#worker.on('error', (error) => this.#onGone(errorMessage(error)));
    this.#worker.on('exit', (code) =>
      this.#onGone(this.#ending ? undefined : `the media thread ended with code ${code}`),
    );
    this.#worker.unref();
  }

  /** Streams open, opening and closing. */
  get load(): number {
    return this.#places.size;
  }

  /** Resolves when the thread has everything that a stream needs, or has died before. */
  async ready(): Promise<void> {
    this.#worker.ref();
    await this.#ready;
    if (this.#places.size === 0) this.#worker.unref();
  }

  /** Rejects with the system's error where the ports cannot be bound. */
  open(place: RtpPlace, options: StreamOptions): Promise<WorkerStream> {
    if (this.#gone) return Promise.reject(new Error('the media thread has ended'));
    const id = this.#freeIds.pop() ?? this.#nextId++;
    const memory = this.#memory.take();
    this.#places.set(id, { rtp: place, memory });
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#openings.set(id, { options, resolve, reject });
      const { nets, tap } = options;
      const tapped = tap !== undefined;
      const { block, index } = memory;
      const order: OpenOrder = {
        type: 'open',
        ...{ id, block, index, memory: memory.memory.views.memory },
        ...{ place, tapped, nets },
      };
      this.#worker.postMessage(order);
    });
  }

  /** Closes every stream, waits until their ports are free, and ends the thread; after `limitMs` in any case. */
  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    for (const stream of [...this.#streams]) stream?.close();
    if (this.#places.size > 0 && !this.#gone) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimeout(resolve, limitMs);
        this.#idle = () => {
          this.#clock.clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ending = true;
    await this.#worker.terminate();
    this.#onGone(undefined);
  }

  #onMessage(message: ThreadMessage): void {
    if (message === BELL) {
      this.#hear();
      return;
    }
    switch (message.type) {
      case 'ready':
        this.#onReady();
        return;
      case 'notice':
        this.#handlers.onNotice(message.message);
        return;
      case 'opened':
        this.#onOpened(message.id, message.local);
        return;
      case 'refused': {
        const opening = this.#openings.get(message.id);
        this.#forget(message.id);
        opening?.reject(Object.assign(new Error(message.message), { code: message.code }));
        return;
      }
      case 'freed': {
        // Its last words may still lie in the ring.
        this.#streams[message.id]?.onNews();
        const port = this.#places.get(message.id)?.rtp.port;
        this.#forget(message.id);
        if (port !== undefined) this.#handlers.onFreed(port);
      }
    }
  }

  /** Everything that streams have to tell. */
  #hear(): void {
    Atomics.store(this.#bellWords, 0, 0);
    for (let id = this.#up.take(); id >= 0; id = this.#up.take()) this.#streams[id]?.onNews();
  }

  #onOpened(id: number, local: RemoteAddress): void {
    const opening = this.#openings.get(id);
    const place = this.#places.get(id);
    if (!opening || !place) return;
    this.#openings.delete(id);
    const { options } = opening;
    const { memory } = place.memory;
    const { ints } = memory.views;
    const signalAt = memory.firstWord + word.downSignal;
    const stream = new WorkerStream({
      memory,
      local,
      listener: this.#stopping ? nobody : options.listener,
      tap: options.tap,
      signal: () => this.#down.add(id, ints, signalAt),
      soundNumber: (sound) => this.#sounds.of(sound),
      now: () => this.#clock.now(),
    });
    this.#streams[id] = stream;
    if (!this.#stopping) {
      opening.resolve(stream);
      return;
    }
    stream.close();
    opening.reject(new ConnectorError('ERR_NO_MEDIA_PORT', 'the media engine is closed'));
  }

  #forget(id: number): void {
    this.#openings.delete(id);
    this.#streams[id]?.release();
    this.#streams[id] = undefined;
    const place = this.#places.get(id);
    if (place !== undefined) {
      this.#places.delete(id);
      this.#freeIds.push(id);
      this.#memory.giveBack(place.memory);
    }
    if (this.#places.size > 0) return;
    this.#worker.unref();
    this.#idle?.();
  }

  #onGone(message: string | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    const why = message ?? 'the media engine is closed';
    for (const { reject } of this.#openings.values()) reject(new Error(why));
    for (const stream of [...this.#streams]) stream?.orphan(why);
    for (const { rtp } of this.#places.values()) this.#handlers.onFreed(rtp.port);
    this.#openings.clear();
    this.#streams.length = 0;
    this.#places.clear();
    this.#idle?.();
    this.#onReady();
    this.#handlers.onGone(message);
  }
}

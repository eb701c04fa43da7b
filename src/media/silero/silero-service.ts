import { type ChildProcess, fork } from 'node:child_process';
import type { Clock, TimerHandle } from '../../base/clock.js';
import { setChildNice } from '../thread-nice.js';

export interface SileroOptions {
  /** Absolute path of `silero_vad.onnx`, version 4 or 5. */
  readonly model: string;
  /** Default: `sherpa-onnx-node`. Tests have a stand-in. */
  readonly module?: string;
}

export interface SileroDeps {
  readonly clock: Clock;
  /** The model cannot be had, or is lost for a while: detection goes on without it. */
  onUnavailable(message: string): void;
}

const PACKAGE = 'sherpa-onnx-node';
/** Probability from which a window is speech, 0 to 1. */
const THRESHOLD = 0.5;
const FRAME = 160;
/** Batches that the process may owe answers to: a quarter of a second. What comes then is not asked about. */
const MAX_OWED = 50;
/** A process that died is started again after this, ms. */
const RESTART_MS = 30_000;

/** What the model makes of one caller. */
export interface SileroEar {
  /** The latest verdict, some 40 ms old; `undefined` while there is none: the model loads, lags or is not there. */
  readonly speech: boolean | undefined;
  /** Takes the next frame: 160 samples at 8000 Hz. Copies it. */
  push(samples: Int16Array): void;
  /** Idempotent. */
  close(): void;
}

class Ear implements SileroEar {
  speech: boolean | undefined;
  readonly id: number;
  readonly #service: SileroService;

  constructor(id: number, service: SileroService) {
    this.id = id;
    this.#service = service;
  }

  push(samples: Int16Array): void {
    this.#service.push(this, samples);
  }

  close(): void {
    this.#service.release(this);
  }
}

/**
 * Silero's voice detector for all calls of a media thread: one process beside it, started with the first call that wants it. What
 * the calls of a slot have heard goes there in one message.
 */
export class SileroService {
  readonly #options: SileroOptions;
  readonly #deps: SileroDeps;
  readonly #ears = new Map<number, Ear>();
  #nextId = 1;
  #child: ChildProcess | undefined;
  #ready = false;
  /** Package or model are not there: there is no use in trying again. */
  #given = true;
  #owed = 0;
  #restart: TimerHandle | undefined;
  #disposed = false;
  #batch: { ids: number[]; samples: Int16Array } = { ids: [], samples: new Int16Array(8 * FRAME) };
  readonly #flush = (): void => this.#send();

  constructor(options: SileroOptions, deps: SileroDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** For one call. */
  open(): SileroEar {
    const ear = new Ear(this.#nextId, this);
    this.#nextId += 1;
    this.#ears.set(ear.id, ear);
    if (this.#child === undefined && this.#given && this.#restart === undefined) this.#start();
    return ear;
  }

  /** Takes a frame of `ear`; see {@link SileroEar.push}. */
  push(ear: Ear, samples: Int16Array): void {
    if (!this.#ready || !this.#ears.has(ear.id) || samples.length !== FRAME) return;
    const batch = this.#batch;
    // The rest of this turn's slot comes first: all its calls share a message.
    if (batch.ids.length === 0) queueMicrotask(this.#flush);
    const at = batch.ids.length * FRAME;
    if (at + FRAME > batch.samples.length) {
      const grown = new Int16Array(2 * batch.samples.length);
      grown.set(batch.samples);
      batch.samples = grown;
    }
    batch.samples.set(samples, at);
    batch.ids.push(ear.id);
  }

  release(ear: Ear): void {
    if (!this.#ears.delete(ear.id)) return;
    ear.speech = undefined;
    this.#leaveOut(ear.id);
    if (this.#ready) this.#child?.send({ close: ear.id }, ignoreError);
  }

  /** What the ear has heard in this turn is not sent: behind its end, it would begin a call that nobody ever ends. */
  #leaveOut(id: number): void {
    const { ids, samples } = this.#batch;
    for (let at = ids.indexOf(id); at >= 0; at = ids.indexOf(id)) {
      ids.splice(at, 1);
      samples.copyWithin(at * FRAME, (at + 1) * FRAME);
    }
  }

  /** Kills the process. Idempotent. */
  close(): void {
    this.#disposed = true;
    this.#deps.clock.clearTimeout(this.#restart);
    this.#ears.clear();
    this.#ready = false;
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }

  #start(): void {
    this.#restart = undefined;
    if (this.#disposed) return;
    const { model, module = PACKAGE } = this.#options;
    const child = fork(new URL('./silero-child.mjs', import.meta.url), {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    // The media thread comes before others; a model need not.
    if (child.pid !== undefined) setChildNice(child.pid);
    child.on('message', (message) => this.#onMessage(child, message));
    child.on('error', () => this.#onGone(child));
    child.on('exit', () => this.#onGone(child));
    child.send({ module, model, threshold: THRESHOLD }, ignoreError);
  }

  #onMessage(child: ChildProcess, message: unknown): void {
    if (child !== this.#child || typeof message !== 'object' || message === null) return;
    if ('ready' in message) {
      // It must not keep the connector from ending.
      child.unref();
      child.channel?.unref();
      this.#owed = 0;
      this.#ready = true;
    } else if ('failed' in message) {
      this.#given = false;
      this.#lose(child);
      this.#deps.onUnavailable(reasonOf(message.failed, this.#options));
    } else if ('ids' in message && 'speech' in message) {
      this.#owed = Math.max(0, this.#owed - 1);
      if (message.ids instanceof Int32Array && message.speech instanceof Uint8Array) {
        this.#hear(message.ids, message.speech);
      }
    }
  }

  #hear(ids: Int32Array, speech: Uint8Array): void {
    for (let i = 0; i < ids.length; i += 1) {
      const ear = this.#ears.get(ids[i] as number);
      if (ear) ear.speech = speech[i] === 1;
    }
  }

  #send(): void {
    const { ids, samples } = this.#batch;
    if (ids.length === 0) return;
    if (this.#ready && this.#owed < MAX_OWED) {
      this.#owed += 1;
      this.#child?.send({ ids: Int32Array.from(ids), samples: samples.slice(0, ids.length * FRAME) }, ignoreError);
    } else {
      for (const ear of this.#ears.values()) ear.speech = undefined;
    }
    ids.length = 0;
  }

  #onGone(child: ChildProcess): void {
    if (child !== this.#child || this.#disposed) return;
    const wasReady = this.#ready;
    this.#lose(child);
    if (!wasReady) {
      // Native code ends its process over a model it cannot read.
      this.#given = false;
      this.#deps.onUnavailable(reasonOf('model', this.#options));
      return;
    }
    this.#deps.onUnavailable(`the process of ${PACKAGE} has ended; it is started again in ${RESTART_MS / 1000} s`);
    this.#restart = this.#deps.clock.setTimeout(() => this.#start(), RESTART_MS);
  }

  #lose(child: ChildProcess): void {
    this.#child = undefined;
    this.#ready = false;
    for (const ear of this.#ears.values()) ear.speech = undefined;
    child.kill('SIGKILL');
  }
}

function reasonOf(failed: unknown, { model }: SileroOptions): string {
  if (failed === 'module') return `the package ${PACKAGE} is not installed or cannot be loaded: npm install ${PACKAGE}`;
  return `${model} is no Silero model that can be loaded`;
}

/** A process that is gone is noticed by its exit. */
function ignoreError(): void {}

import { execFile } from 'node:child_process';
import { constants, open as openDescriptor } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { promisify } from 'node:util';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import type { Random } from '../../../base/random.js';
import { MAX_ANSWER_BYTES, type MiLink } from './mi-link.js';
import { takeObjects } from './mi-message.js';

const run = promisify(execFile);
/** A bare descriptor: a `FileHandle` that nobody keeps would be closed under the socket that reads from it. */
const descriptorOf = promisify(openDescriptor);

/** OpenSIPS answers one request after the other; one that it does not answer holds up the next for so long, ms. */
const ANSWER_MS = 1_000;
const MAX_WAITING = 1_000;

export interface FifoMiOptions {
  readonly path: string;
  readonly replyDirectory: string;
}

/**
 * Writes a line into a FIFO that somebody reads; rejects where nobody does, or where `path` is something else: while OpenSIPS
 * is away, others who may write to its directory could have put a link to a file of ours there.
 */
export async function writeToFifo(path: string, text: string): Promise<void> {
  // Without a reader this fails at once, where a blocking open would wait for ever.
  await using file = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  if (!(await file.stat()).isFIFO()) throw new Error(`${path} is no FIFO`);
  await file.write(text);
}

/**
 * MI over named pipes (module mi_fifo). Requests go `:REPLY-FIFO:JSON` into OpenSIPS's FIFO; the answer comes through a
 * FIFO of ours in its `reply_dir`. Node cannot make one: `mkfifo` of coreutils does. One request at a time, since reads of
 * OpenSIPS are not by line. Answers can run together all the same: a late one, and the one to the request after it.
 */
export class FifoMiLink implements MiLink {
  /** A pipe leads nowhere else. */
  readonly address = '127.0.0.1';
  readonly #options: FifoMiOptions;
  readonly #clock: Clock;
  readonly #replyName: string;
  readonly #waiting: string[] = [];
  #onAnswer: (text: string) => void = () => {};
  #reader: Socket | undefined;
  readonly #decoder = new StringDecoder('utf8');
  #received = '';
  #timer: TimerHandle | undefined;
  #busy = false;

  constructor(options: FifoMiOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options;
    this.#clock = deps.clock;
    // OpenSIPS forbids dots and slashes in it.
    this.#replyName = `voice_connector_${deps.random.hex(8)}`;
  }

  async open(onAnswer: (text: string) => void): Promise<void> {
    this.#onAnswer = onAnswer;
    const path = this.#replyPath;
    try {
      // OpenSIPS runs as a user of its own and has to write into it.
      await run('mkfifo', ['-m', '0622', path]);
      // Open for writing too, so that it does not end each time OpenSIPS closes it.
      const fd = await descriptorOf(path, constants.O_RDWR | constants.O_NONBLOCK);
      const reader = new Socket({ fd, readable: true, writable: false });
      reader.on('data', (chunk: Buffer) => this.#receive(chunk));
      reader.on('error', () => {});
      this.#reader = reader;
    } catch (error) {
      throw new ConnectorError('ERR_LISTEN', `the FIFO for answers of OpenSIPS cannot be made: ${errorMessage(error)}`);
    }
  }

  send(request: string): void {
    if (this.#reader === undefined || this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(request);
    this.#proceed();
  }

  async close(): Promise<void> {
    this.#clock.clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#reader?.destroy();
    this.#reader = undefined;
    await rm(this.#replyPath, { force: true });
  }

  get #replyPath(): string {
    return join(this.#options.replyDirectory, this.#replyName);
  }

  #proceed(): void {
    if (this.#busy) return;
    const request = this.#waiting.shift();
    if (request === undefined) return;
    this.#busy = true;
    this.#received = '';
    this.#timer = this.#clock.setTimeout(() => this.#done(), ANSWER_MS);
    void this.#write(`:${this.#replyName}:${request}\n`);
  }

  async #write(text: string): Promise<void> {
    try {
      await writeToFifo(this.#options.path, text);
    } catch {
      // OpenSIPS is not there, or its pipe is full: the request is lost, and the client's timer tells.
    }
  }

  #receive(chunk: Buffer): void {
    // Nothing marks the end of an answer but that it is whole.
    const { objects, rest } = takeObjects(this.#received + this.#decoder.write(chunk));
    if (objects.length > 0) this.#done();
    this.#received = rest.length > MAX_ANSWER_BYTES ? '' : rest;
    for (const answer of objects) this.#onAnswer(answer);
  }

  #done(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#busy = false;
    this.#received = '';
    this.#proceed();
  }
}

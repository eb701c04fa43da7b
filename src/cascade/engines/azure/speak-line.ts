import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import { type AudioFormat, bytesPerMs, type FlavorError } from '../../../flavor-api/index.js';
import { Backoff, type ReconnectOptions } from '../shared/backoff.js';
import { redial } from '../shared/redial.js';
import type { SpeakDesk, SpeakUtterance } from '../shared/speak-utterance.js';
import type { AzureConnection, AzureListener, Dial } from './connection.js';
import { asFlavorError, closeFailure, protocolFault, timeout } from './errors.js';
import { type SpokenAt, streamIdIn, wordsIn } from './speak-reader.js';
import { speechConfig } from './speech-config.js';
import type { Ssml } from './ssml.js';
import { newUspId, type UspMessage } from './usp.js';
import { outputFormatName } from './wire-format.js';

export interface SpeakLineOptions {
  readonly format: AudioFormat;
  readonly wordTimes: boolean;
  readonly answerTimeoutMs: number;
  readonly reconnect: ReconnectOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
  ssml(text: string): Ssml;
}

/** A piece that waits for its turn. */
interface Piece {
  readonly utterance: SpeakUtterance;
  readonly index: number;
  readonly text: string;
}

/** A piece that is being spoken. */
interface Turn extends Piece {
  readonly requestId: string;
  /** The utterance's audio before it, bytes. */
  readonly baseBytes: number;
  streamId: string | undefined;
  bytes: number;
}

/** Warnings that wait for somebody to be told. */
const MAX_UNTOLD = 4;
/** For a turn that was given up to end, ms; then the connection is replaced. */
const STOP_MS = 400;

/**
 * One call's way to the voice: one connection, kept open, for one piece after the other. The service takes one turn at a
 * time, and makes speech faster than it plays, so that the next piece is in time. Everything it says carries the turn's
 * request id: audio of a piece that was given up is known by it, and dropped.
 */
export class SpeakLine implements SpeakDesk {
  readonly #options: SpeakLineOptions;
  readonly #closing = new AbortController();
  readonly #backoff: Backoff;
  readonly #context: object;
  readonly #heardBytes = new WeakMap<SpeakUtterance, number>();
  #queue: Piece[] = [];
  #turn: Turn | undefined;
  /** The request id of a turn that was given up and has not ended. */
  #stopping: string | undefined;
  #connection: AzureConnection | undefined;
  #obtaining = false;
  #untold: FlavorError[] = [];
  #timer: TimerHandle | undefined;

  constructor(options: SpeakLineOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.reconnect, options.clock, options.random, options.answerTimeoutMs);
    this.#context = synthesisContext(options.format, options.wordTimes);
  }

  /** Has a connection ready. @throws as {@link Dial}. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#connect(signal);
  }

  append(utterance: SpeakUtterance, index: number, text: string): void {
    if (this.#closing.signal.aborted) return;
    this.#queue.push({ utterance, index, text });
    for (const error of this.#untold.splice(0)) utterance.events.push({ type: 'warning', error });
    this.#pump();
  }

  finish(utterance: SpeakUtterance): void {
    if (!this.#owes(utterance)) utterance.complete();
  }

  cancel(utterance: SpeakUtterance): void {
    this.#queue = this.#queue.filter((piece) => piece.utterance !== utterance);
    const turn = this.#turn;
    if (turn?.utterance === utterance) this.#stop(turn);
    this.#pump();
  }

  /** Ends everything. Never throws. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#options.clock.clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = undefined;
    for (const utterance of this.#drain()) utterance.end();
  }

  #owes(utterance: SpeakUtterance): boolean {
    return this.#turn?.utterance === utterance || this.#queue.some((piece) => piece.utterance === utterance);
  }

  /** Tells the service to stop. What it has already sent is dropped; the next turn waits until this one has ended. */
  #stop(turn: Turn): void {
    this.#turn = undefined;
    this.#stopping = turn.requestId;
    this.#connection?.send('synthesis.control', turn.requestId, { action: 'stop' });
    this.#watch(STOP_MS, () => {
      this.#connection?.close();
      this.#lose(timeout('to stop speaking'));
    });
  }

  #pump(): void {
    if (this.#turn !== undefined || this.#stopping !== undefined || this.#queue.length === 0) return;
    const connection = this.#connection;
    if (connection === undefined) {
      void this.#obtain();
      return;
    }
    const piece = this.#queue.shift();
    if (piece === undefined) return;
    const requestId = newUspId(this.#options.random);
    const { utterance } = piece;
    const baseBytes = this.#heardBytes.get(utterance) ?? 0;
    this.#turn = { ...piece, requestId, baseBytes, streamId: undefined, bytes: 0 };
    const { document, characters } = this.#options.ssml(piece.text);
    connection.send('synthesis.context', requestId, this.#context);
    connection.sendText('ssml', requestId, 'application/ssml+xml', document);
    utterance.sent(characters);
    this.#expectSpeech();
  }

  #read(message: UspMessage): void {
    const { requestId, path, body } = message;
    if (requestId === this.#stopping) {
      if (path === 'turn.end') this.#stopped();
      return;
    }
    const turn = this.#turn;
    // Of a turn before: one that was given up over another connection, say.
    if (turn === undefined || requestId !== turn.requestId) return;
    this.#expectSpeech();
    switch (path) {
      case 'turn.start':
        return;
      case 'response':
        if (body.type === 'text') turn.streamId = streamIdIn(body.text);
        return;
      case 'audio':
        if (body.type === 'binary') this.#audio(turn, message.streamId, body.bytes);
        return;
      case 'audio.metadata':
        this.#words(turn, body.type === 'text' ? wordsIn(body.text) : undefined);
        return;
      case 'turn.end':
        this.#ended(turn);
        return;
      default:
        this.#warn(protocolFault('a message of an unknown kind'));
    }
  }

  #audio(turn: Turn, streamId: string, bytes: Buffer): void {
    const { streamId: announced } = turn;
    if (announced !== undefined && streamId.toLowerCase() !== announced.toLowerCase()) return;
    if (bytes.length === 0) return;
    turn.bytes += bytes.length;
    this.#heardBytes.set(turn.utterance, turn.baseBytes + turn.bytes);
    turn.utterance.audio(bytes, turn.index);
  }

  #words(turn: Turn, words: readonly SpokenAt[] | undefined): void {
    if (words === undefined) {
      this.#warn(protocolFault('metadata that cannot be read'));
      return;
    }
    const baseMs = turn.baseBytes / bytesPerMs(this.#options.format);
    for (const { text, offsetMs } of words) {
      turn.utterance.events.push({ type: 'word', text, atMs: baseMs + offsetMs });
    }
  }

  #ended(turn: Turn): void {
    const { utterance, index } = turn;
    this.#turn = undefined;
    this.#watch(undefined);
    utterance.spoken(index + 1);
    if (utterance.finished && !this.#owes(utterance)) utterance.complete();
    this.#pump();
  }

  #stopped(): void {
    this.#stopping = undefined;
    this.#watch(undefined);
    this.#pump();
  }

  /** What is wrong while nobody speaks is told by whoever speaks next. */
  #warn(error: FlavorError): void {
    if (this.#turn !== undefined) this.#turn.utterance.events.push({ type: 'warning', error });
    else if (this.#untold.length < MAX_UNTOLD) this.#untold.push(error);
  }

  /** Azure owes speech: it may not take for ever. */
  #expectSpeech(): void {
    this.#watch(this.#options.answerTimeoutMs, () => {
      this.#connection?.close();
      this.#lose(timeout('to speak'));
    });
  }

  #watch(delayMs: number | undefined, late: () => void = () => undefined): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = delayMs === undefined ? undefined : clock.setTimeout(late, delayMs);
  }

  async #connect(signal: AbortSignal): Promise<void> {
    let connection: AzureConnection | undefined;
    const listener: AzureListener = {
      onMessage: (message) => {
        if (connection !== undefined && connection === this.#connection) this.#read(message);
      },
      onFault: (error) => this.#warn(error),
      onLost: (error) => {
        if (connection !== undefined && connection === this.#connection) this.#lose(error);
      },
    };
    connection = await this.#options.dial(listener, signal);
    if (this.#closing.signal.aborted) {
      connection.close();
      return;
    }
    if (!connection.alive) throw closeFailure(1006);
    this.#connection = connection;
    this.#backoff.connected();
    connection.send('speech.config', newUspId(this.#options.random), speechConfig());
    this.#pump();
  }

  #lose(error: FlavorError): void {
    if (this.#closing.signal.aborted || this.#connection === undefined) return;
    this.#connection = undefined;
    this.#stopping = undefined;
    this.#watch(undefined);
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn !== undefined) this.#interrupted(turn, error);
    void this.#obtain(error);
  }

  /** What was begun cannot be taken up in the middle of a word; what was not is said over the next connection. */
  #interrupted({ utterance, index, text, bytes }: Turn, error: FlavorError): void {
    if (bytes === 0 && error.retryable) {
      this.#queue.unshift({ utterance, index, text });
      return;
    }
    this.#queue = this.#queue.filter((piece) => piece.utterance !== utterance);
    utterance.end(error);
  }

  async #obtain(loss?: FlavorError): Promise<void> {
    if (this.#obtaining || this.#connection !== undefined) return;
    this.#obtaining = true;
    const { signal } = this.#closing;
    const { clock } = this.#options;
    const attempt = (closing: AbortSignal): Promise<void> => this.#connect(closing);
    const options = { backoff: this.#backoff, clock, explain: asFlavorError, attempt };
    // A request that Azure did not take says nothing against the next one.
    const failure = await redial(options, loss?.code === 'ERR_FLAVOR_CONFIG' ? undefined : loss, signal);
    this.#obtaining = false;
    if (failure !== undefined) for (const utterance of this.#drain()) utterance.end(failure);
    else this.#pump();
  }

  /** Everybody who is owed something, once each. */
  #drain(): ReadonlySet<SpeakUtterance> {
    const owed = new Set(this.#queue.map(({ utterance }) => utterance));
    if (this.#turn !== undefined) owed.add(this.#turn.utterance);
    this.#queue = [];
    this.#turn = undefined;
    return owed;
  }
}

/** The body of `synthesis.context`, with which every turn begins. */
function synthesisContext(format: AudioFormat, wordTimes: boolean): object {
  return {
    synthesis: {
      audio: {
        metadataOptions: {
          bookmarkEnabled: false,
          punctuationBoundaryEnabled: false,
          sentenceBoundaryEnabled: false,
          sessionEndEnabled: false,
          visemeEnabled: false,
          wordBoundaryEnabled: wordTimes,
        },
        outputFormat: outputFormatName(format),
      },
      language: { autoDetection: false },
    },
  };
}

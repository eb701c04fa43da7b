import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import { type AudioFormat, type AudioFrame, bytesPerMs, type FlavorError } from '../../../flavor-api/index.js';
import { AudioTape, isVoiced } from '../../stages/audio-tape.js';
import { Backoff, type ReconnectOptions } from '../shared/backoff.js';
import type { JsonObject } from '../shared/json.js';
import type { HeardLine, HeardLineHandlers } from '../shared/listen-stream.js';
import { redial } from '../shared/redial.js';
import { StreamClock } from '../shared/stream-clock.js';
import { asFlavorError, audioLost, closeFailure, timeout } from './errors.js';
import type { ListenReader } from './listen-events.js';
import { SilenceKeeper } from './silence-keeper.js';
import type { DeepgramConnection, DeepgramSocketListener, Dial } from './socket.js';

export interface ListenLineOptions {
  readonly format: AudioFormat;
  readonly chunkMs: number;
  /**
   * In a pause of a turn audio goes out in pieces of this length, so that the silence that ends the turn is heard without
   * delay. They end where pieces of `chunkMs` would. Without it all pieces are of `chunkMs`.
   */
  readonly pauseChunkMs?: number | undefined;
  readonly replayMs: number;
  /** Flux has neither KeepAlive nor Finalize. */
  readonly flux: boolean;
  readonly reconnect: ReconnectOptions;
  /** Speech that nothing is said about for so long means that nobody listens. */
  readonly answerTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly reader: ListenReader;
  readonly dial: Dial;
}

/** Audio that was missed is sent so much faster than it was spoken; more than 1.25 times is refused. */
const REPLAY_RATE = 1.2;
/** Missed audio goes out in pieces of this length, ms. */
const REPLAY_CHUNK_MS = 100;
/** Behind by more than this, ms, audio is sent at the pace of the replay. */
const BEHIND_MS = 400;
/** Less speech than this may be about nothing, ms. */
const TELLING_MS = 1_000;
/** Silence that makes a pause, ms: longer than the stops within words, shorter than what ends a turn. */
const PAUSE_MS = 60;
/** After so much of it no turn is under way any more, whatever became of its end, ms. */
const LONGEST_PAUSE_MS = 6_000;
/** More than this that the network has not taken, ms: sending waits. */
const MAX_BUFFERED_MS = 1_000;

/** The way of a caller's audio to the recogniser: one connection after the other, none of it missed within a bound. */
export class ListenLine implements HeardLine {
  readonly #options: ListenLineOptions;
  readonly #handlers: HeardLineHandlers;
  readonly #closing = new AbortController();
  readonly #tape: AudioTape;
  readonly #clock = new StreamClock();
  readonly #backoff: Backoff;
  readonly #silence: SilenceKeeper;
  readonly #bytesPerMs: number;
  readonly #chunkBytes: number;
  readonly #pauseChunkBytes: number | undefined;
  #connection: DeepgramConnection | undefined;
  /** The byte of the tape that goes out next. */
  #sent = 0;
  /** The first byte of the tape that a new connection would have to hear. */
  #needed = 0;
  /** Bytes that this connection was sent, silence of ours included. */
  #streamBytes = 0;
  /** `positionMs` of the tape's first byte. */
  #originMs: number | undefined;
  /** `wanted`: once a connection has heard all there is. `asked`: until it answers, or has said what it heard before. */
  #finalize: 'no' | 'wanted' | 'asked' = 'no';
  /** What of this connection's audio Finalize is about, ms. */
  #finalizeMs = 0;
  #replayTimer: TimerHandle | undefined;
  /** Speech sent since Deepgram last said anything, ms, and since when. */
  #unheardMs = 0;
  #unheardSinceMs = 0;
  /** Silence of the caller's within a turn, up to the last frame, ms. */
  #quietMs = 0;

  constructor(options: ListenLineOptions, handlers: HeardLineHandlers) {
    const { format, clock, random, reconnect, replayMs, chunkMs, pauseChunkMs } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#bytesPerMs = bytesPerMs(format);
    this.#chunkBytes = chunkMs * this.#bytesPerMs;
    this.#pauseChunkBytes = pauseChunkMs === undefined ? undefined : pauseChunkMs * this.#bytesPerMs;
    this.#tape = new AudioTape(format, replayMs);
    this.#backoff = new Backoff(reconnect, clock, random, options.answerTimeoutMs);
    this.#silence = new SilenceKeeper({
      flux: options.flux,
      format,
      clock,
      speaking: () => options.reader.speaking,
      send: (message) => this.#connection?.send(message),
      sendSilence: (bytes) => this.#sendSilence(bytes),
    });
  }

  /** Opens the first connection. Rejects as {@link Dial} does; it is not tried again. */
  async open(signal: AbortSignal): Promise<void> {
    this.#adopt(await this.#dial(signal));
  }

  /** What is missing of the next message, or of the pause that may cut it short, ms. */
  get awaitedMs(): number {
    const missingMs = (this.#wantedBytes() - (this.#tape.end - this.#sent)) / this.#bytesPerMs;
    const mayPause = this.#pauseChunkBytes !== undefined && this.#options.reader.speaking;
    return mayPause && this.#quietMs < PAUSE_MS ? Math.min(missingMs, PAUSE_MS - this.#quietMs) : missingMs;
  }

  /** Hot path. */
  write({ data, positionMs }: AudioFrame): void {
    this.#originMs ??= positionMs - this.#tape.end / this.#bytesPerMs;
    this.#tape.write(data);
    if (this.#pauseChunkBytes !== undefined) this.#watchPause(data);
    if (this.#replayTimer === undefined) this.#pump();
  }

  finalize(): void {
    if (this.#options.flux) return;
    this.#finalize = 'wanted';
    this.#maybeFinalize();
  }

  /** Sends a control message, if a connection stands. */
  send(message: object): void {
    this.#connection?.send(message);
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#silence.stop();
    this.#options.clock.clearTimeout(this.#replayTimer);
    this.#connection?.close({ type: 'CloseStream' });
    this.#connection = undefined;
  }

  async #dial(signal: AbortSignal): Promise<DeepgramConnection> {
    // Its own messages may come before the promise has told who it is.
    let connection: DeepgramConnection | undefined;
    const early: JsonObject[] = [];
    const listener: DeepgramSocketListener = {
      onMessage: (message) => {
        if (connection === undefined) early.push(message);
        else if (connection === this.#connection) this.#read(message);
      },
      onAudio: () => undefined,
      onFault: (error) => this.#handlers.onEvent({ type: 'warning', error }),
      onLost: (error) => {
        if (connection !== undefined && connection === this.#connection) this.#lose(error);
      },
    };
    connection = await this.#options.dial(listener, signal);
    for (const message of early) this.#options.reader.read(message, () => 0);
    return connection;
  }

  #adopt(connection: DeepgramConnection): void {
    if (this.#closing.signal.aborted) {
      connection.close();
      return;
    }
    if (!connection.alive) throw closeFailure(1006);
    this.#connection = connection;
    this.#backoff.connected();
    this.#clock.reset();
    this.#streamBytes = 0;
    this.#unheardMs = 0;
    const { reader } = this.#options;
    this.#sent = reader.speaking ? Math.max(this.#needed, this.#tape.start) : this.#tape.firstVoice(this.#needed);
    if (this.#needed < this.#tape.start && reader.speaking) {
      this.#handlers.onEvent({ type: 'warning', error: audioLost() });
    }
    this.#mark();
    this.#silence.start();
    this.#pump();
  }

  /** Sends what there is: whole chunks at once while little is missing, at the pace of the replay while much is. */
  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (connection.bufferedBytes > MAX_BUFFERED_MS * this.#bytesPerMs) return;
    if (this.#tape.end - this.#sent > BEHIND_MS * this.#bytesPerMs) {
      this.#replay();
      return;
    }
    while (this.#connection === connection && this.#tape.end - this.#sent >= this.#wantedBytes()) {
      // Whatever waits goes into one piece, as far as that reaches.
      this.#sendChunk(Math.min(this.#tape.end - this.#sent, this.#chunkRest()));
    }
    this.#maybeFinalize();
  }

  #maybeFinalize(): void {
    const connection = this.#connection;
    if (this.#finalize !== 'wanted' || connection === undefined || this.#replayTimer !== undefined) return;
    this.#sendPending();
    // That may have found out that nobody listens.
    if (this.#connection !== connection) return;
    if (this.#streamBytes > 0) {
      this.#finalize = 'asked';
      this.#finalizeMs = this.#streamBytes / this.#bytesPerMs;
      connection.send({ type: 'Finalize' });
    } else {
      // A new connection, and all that the last one heard was understood.
      this.#finalize = 'no';
      this.#handlers.onEvent({ type: 'transcript', text: '', final: true });
    }
  }

  /** So much audio makes the next piece. */
  #wantedBytes(): number {
    const rest = this.#chunkRest();
    const pausing = this.#quietMs >= PAUSE_MS && this.#quietMs <= LONGEST_PAUSE_MS;
    return pausing ? Math.min(rest, this.#pauseChunkBytes ?? rest) : rest;
  }

  /** The longest piece that may be next: the first one after a pause ends where it would have ended without the pause. */
  #chunkRest(): number {
    return this.#pauseChunkBytes === undefined
      ? this.#chunkBytes
      : this.#chunkBytes - (this.#streamBytes % this.#chunkBytes);
  }

  #watchPause(data: Uint8Array): void {
    const { reader, format } = this.#options;
    const quiet = reader.speaking && !isVoiced(data, format);
    this.#quietMs = quiet ? this.#quietMs + data.length / this.#bytesPerMs : 0;
  }

  #replay(): void {
    this.#sendChunk(REPLAY_CHUNK_MS * this.#bytesPerMs);
    if (this.#connection === undefined) return;
    this.#replayTimer = this.#options.clock.setTimeout(() => {
      this.#replayTimer = undefined;
      this.#pump();
    }, REPLAY_CHUNK_MS / REPLAY_RATE);
  }

  #sendChunk(bytes: number): void {
    if (this.#sent < this.#tape.start) {
      this.#sent = this.#tape.start;
      this.#mark();
    }
    const chunk = this.#tape.read(this.#sent, bytes);
    this.#connection?.sendAudio(chunk);
    this.#sent += chunk.length;
    this.#count(chunk.length);
    this.#silence.sent();
    this.#expectAnswer(isVoiced(chunk, this.#options.format) ? chunk.length / this.#bytesPerMs : 0);
  }

  /** A connection may stand and nobody listen: then no word of the caller's is ever understood. */
  #expectAnswer(voicedMs: number): void {
    const nowMs = this.#options.clock.now();
    // Only from the first voice on: silence may pass without a word.
    if (this.#unheardMs === 0) this.#unheardSinceMs = nowMs;
    this.#unheardMs += voicedMs;
    const longMs = nowMs - this.#unheardSinceMs;
    if (this.#unheardMs < TELLING_MS || longMs < this.#options.answerTimeoutMs) return;
    this.#connection?.close();
    this.#lose(timeout('to recognise speech'));
  }

  /** Less than a chunk, too: what is to be final must have been heard. */
  #sendPending(): void {
    if (this.#replayTimer === undefined && this.#connection !== undefined && this.#tape.end > this.#sent) {
      this.#sendChunk(this.#tape.end - this.#sent);
    }
  }

  #sendSilence(bytes: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#sendPending();
    // That may have found out that nobody listens.
    if (this.#connection !== connection) return;
    connection.sendAudio(bytes);
    this.#count(bytes.length);
    this.#mark();
  }

  #count(bytes: number): void {
    this.#streamBytes += bytes;
    this.#handlers.onSent(bytes / this.#bytesPerMs);
  }

  /** From here on the connection's audio is that of the tape at `#sent`. */
  #mark(): void {
    this.#clock.mark(this.#streamBytes / this.#bytesPerMs, (this.#originMs ?? 0) + this.#sent / this.#bytesPerMs);
  }

  #read(message: JsonObject): void {
    this.#unheardMs = 0;
    const understood = this.#options.reader.read(message, (streamMs) => this.#clock.positionOf(streamMs));
    for (const event of understood.events) this.#handlers.onEvent(event);
    if (understood.settledMs !== undefined) this.#settle(understood.settledMs);
    // Where little was left to say Deepgram does not answer it.
    const said = understood.finalized === true || (understood.settledMs ?? 0) >= this.#finalizeMs;
    if (said && this.#finalize === 'asked') this.#finalize = 'no';
    if (understood.finalize === true) this.finalize();
    if (understood.failure !== undefined) {
      this.#connection?.close();
      this.#lose(understood.failure);
    }
  }

  #settle(streamMs: number): void {
    const positionMs = this.#clock.positionOf(streamMs) - (this.#originMs ?? 0);
    const byte = Math.floor(positionMs) * this.#bytesPerMs;
    this.#needed = Math.min(Math.max(this.#needed, byte), this.#sent);
  }

  #lose(error: FlavorError): void {
    if (this.#closing.signal.aborted) return;
    this.#connection = undefined;
    this.#silence.stop();
    this.#options.clock.clearTimeout(this.#replayTimer);
    this.#replayTimer = undefined;
    // What was asked for is still wanted, of the connection that hears the same again.
    if (this.#finalize === 'asked') this.#finalize = 'wanted';
    for (const event of this.#options.reader.lost()) this.#handlers.onEvent(event);
    void this.#replace(error);
  }

  async #replace(loss: FlavorError): Promise<void> {
    const failure = await redial(
      {
        backoff: this.#backoff,
        clock: this.#options.clock,
        explain: asFlavorError,
        attempt: (signal) => this.open(signal),
        onMending: (error) => this.#handlers.onEvent({ type: 'warning', error }),
      },
      loss,
      this.#closing.signal,
    );
    if (failure !== undefined) this.#handlers.onFailed(failure);
  }
}

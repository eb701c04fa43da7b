import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import type { AudioFormat, AudioFrame, FlavorError } from '../../../flavor-api/index.js';
import { isVoiced } from '../../stages/audio-tape.js';
import { Backoff, type ReconnectOptions } from '../shared/backoff.js';
import { CallerFeed } from '../shared/caller-feed.js';
import { DeafWatch } from '../shared/deaf-watch.js';
import type { JsonObject } from '../shared/json.js';
import type { HeardLine, HeardLineHandlers } from '../shared/listen-stream.js';
import { redial } from '../shared/redial.js';
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
  readonly #feed: CallerFeed;
  readonly #deaf: DeafWatch;
  readonly #backoff: Backoff;
  readonly #silence: SilenceKeeper;
  readonly #chunkBytes: number;
  readonly #pauseChunkBytes: number | undefined;
  #connection: DeepgramConnection | undefined;
  /** `wanted`: once a connection has heard all there is. `asked`: until it answers, or has said what it heard before. */
  #finalize: 'no' | 'wanted' | 'asked' = 'no';
  /** What of this connection's audio Finalize is about, ms. */
  #finalizeMs = 0;
  #replayTimer: TimerHandle | undefined;
  /** Silence of the caller's within a turn, up to the last frame, ms. */
  #quietMs = 0;

  constructor(options: ListenLineOptions, handlers: HeardLineHandlers) {
    const { format, clock, random, reconnect, replayMs, chunkMs, pauseChunkMs } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#feed = new CallerFeed(format, replayMs);
    this.#chunkBytes = chunkMs * this.#feed.bytesPerMs;
    this.#pauseChunkBytes = pauseChunkMs === undefined ? undefined : pauseChunkMs * this.#feed.bytesPerMs;
    this.#deaf = new DeafWatch(clock, options.answerTimeoutMs);
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
    const missingMs = (this.#wantedBytes() - this.#feed.waitingBytes) / this.#feed.bytesPerMs;
    const mayPause = this.#pauseChunkBytes !== undefined && this.#options.reader.speaking;
    return mayPause && this.#quietMs < PAUSE_MS ? Math.min(missingMs, PAUSE_MS - this.#quietMs) : missingMs;
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    this.#feed.write(frame);
    if (this.#pauseChunkBytes !== undefined) this.#watchPause(frame.data);
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
    for (const message of early) {
      const { failure } = this.#options.reader.read(message, () => 0);
      if (failure === undefined) continue;
      connection.close();
      throw failure;
    }
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
    this.#deaf.answered();
    const { speaking } = this.#options.reader;
    this.#feed.begin(speaking);
    if (this.#feed.torn && speaking) this.#handlers.onEvent({ type: 'warning', error: audioLost() });
    this.#silence.start();
    this.#pump();
  }

  /** Sends what there is: whole chunks at once while little is missing, at the pace of the replay while much is. */
  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (connection.bufferedBytes > MAX_BUFFERED_MS * this.#feed.bytesPerMs) return;
    if (this.#feed.waitingBytes > BEHIND_MS * this.#feed.bytesPerMs) {
      this.#replay();
      return;
    }
    while (this.#connection === connection && this.#feed.waitingBytes >= this.#wantedBytes()) {
      // Whatever waits goes into one piece, as far as that reaches.
      this.#sendChunk(Math.min(this.#feed.waitingBytes, this.#chunkRest()));
    }
    this.#maybeFinalize();
  }

  #maybeFinalize(): void {
    const connection = this.#connection;
    if (this.#finalize !== 'wanted' || connection === undefined || this.#replayTimer !== undefined) return;
    this.#sendPending();
    // That may have found out that nobody listens.
    if (this.#connection !== connection) return;
    if (this.#feed.streamBytes > 0) {
      this.#finalize = 'asked';
      this.#finalizeMs = this.#feed.streamBytes / this.#feed.bytesPerMs;
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
      : this.#chunkBytes - (this.#feed.streamBytes % this.#chunkBytes);
  }

  #watchPause(data: Uint8Array): void {
    const { reader, format } = this.#options;
    const quiet = reader.speaking && !isVoiced(data, format);
    this.#quietMs = quiet ? this.#quietMs + data.length / this.#feed.bytesPerMs : 0;
  }

  #replay(): void {
    this.#sendChunk(REPLAY_CHUNK_MS * this.#feed.bytesPerMs);
    if (this.#connection === undefined) return;
    this.#replayTimer = this.#options.clock.setTimeout(() => {
      this.#replayTimer = undefined;
      this.#pump();
    }, REPLAY_CHUNK_MS / REPLAY_RATE);
  }

  #sendChunk(bytes: number): void {
    const piece = this.#feed.take(bytes);
    this.#connection?.sendAudio(piece);
    this.#handlers.onSent(piece.length / this.#feed.bytesPerMs);
    this.#silence.sent();
    if (this.#deaf.sent(this.#feed.voicedMs(piece))) this.#giveUp(timeout('to recognise speech'));
  }

  /** Less than a chunk, too: what is to be final must have been heard. */
  #sendPending(): void {
    const { waitingBytes } = this.#feed;
    if (this.#replayTimer === undefined && this.#connection !== undefined && waitingBytes > 0) {
      this.#sendChunk(waitingBytes);
    }
  }

  #sendSilence(bytes: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#sendPending();
    // That may have found out that nobody listens.
    if (this.#connection !== connection) return;
    connection.sendAudio(bytes);
    this.#feed.pad(bytes.length);
    this.#handlers.onSent(bytes.length / this.#feed.bytesPerMs);
  }

  #read(message: JsonObject): void {
    this.#deaf.answered();
    const understood = this.#options.reader.read(message, (streamMs) => this.#feed.positionOf(streamMs));
    for (const event of understood.events) this.#handlers.onEvent(event);
    if (understood.settledMs !== undefined) this.#feed.settle(understood.settledMs);
    // Where little was left to say Deepgram does not answer it.
    const said = understood.finalized === true || (understood.settledMs ?? 0) >= this.#finalizeMs;
    if (said && this.#finalize === 'asked') this.#finalize = 'no';
    if (understood.finalize === true) this.finalize();
    if (understood.failure !== undefined) this.#giveUp(understood.failure);
  }

  #giveUp(error: FlavorError): void {
    this.#connection?.close();
    this.#lose(error);
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

import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import { type AudioFormat, type AudioFrame, bytesPerMs, type FlavorError } from '../../../flavor-api/index.js';
import { AudioTape, isVoiced } from '../../stages/audio-tape.js';
import { Backoff, type ReconnectOptions } from '../shared/backoff.js';
import type { HeardLine, HeardLineHandlers } from '../shared/listen-stream.js';
import { redial } from '../shared/redial.js';
import { StreamClock } from '../shared/stream-clock.js';
import type { AzureConnection, AzureListener, Dial } from './connection.js';
import { asFlavorError, audioLost, closeFailure, protocolFault, timeout } from './errors.js';
import { audioSource } from './listen-config.js';
import { ListenReader } from './listen-reader.js';
import { speechConfig } from './speech-config.js';
import { newUspId, type UspMessage } from './usp.js';
import { waveHeader } from './wire-format.js';

export interface ListenLineOptions {
  readonly format: AudioFormat;
  readonly chunkMs: number;
  readonly replayMs: number;
  /** `speech.context` of every turn. */
  readonly context: object;
  /** End the turn, so that its text is final, when `finalize()` is called. */
  readonly finalizeOnPause: boolean;
  readonly reconnect: ReconnectOptions;
  /** Speech that nothing is said about for so long means that nobody listens. */
  readonly answerTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
}

/** Azure's audio after a loss, as its SDK sends it: twice as fast as it was spoken. */
const REPLAY_RATE = 2;
const REPLAY_CHUNK_MS = 100;
/** Behind by more than this, ms, audio is sent at the pace of the replay. */
const BEHIND_MS = 400;
/** Less speech than this may be about nothing, ms. */
const TELLING_MS = 1_000;
/** More than this that the network has not taken, ms: sending waits. */
const MAX_BUFFERED_MS = 1_000;
/** A turn that ends sooner, ms, has not listened; after so many in a row the connection is of no use. */
const SHORT_TURN_MS = 300;
const MAX_SHORT_TURNS = 3;

/** The audio of one request id. */
interface Turn {
  readonly requestId: string;
  readonly startedAtMs: number;
  /** The end of the audio was sent; what the service still has to say follows, then `turn.end`. */
  ending: boolean;
  /** A segment was closed since its end was asked for. */
  answered: boolean;
}

/**
 * The way of a caller's audio to the recogniser. A connection carries one turn after the other: the service ends one when
 * it wants to, and this side ends one to have its text at once. Audio of a turn that was not settled goes into the next,
 * and none is missed between connections, within the length of the tape.
 */
export class ListenLine implements HeardLine {
  readonly #options: ListenLineOptions;
  readonly #handlers: HeardLineHandlers;
  readonly #closing = new AbortController();
  readonly #reader = new ListenReader();
  readonly #tape: AudioTape;
  readonly #clock = new StreamClock();
  readonly #backoff: Backoff;
  readonly #bytesPerMs: number;
  readonly #chunkBytes: number;
  #connection: AzureConnection | undefined;
  #turn: Turn | undefined;
  /** The byte of the tape that goes out next. */
  #sent = 0;
  /** The first byte of the tape that another turn would have to hear. */
  #needed = 0;
  /** Behind the last byte that was sent of somebody's voice. */
  #voiced = 0;
  /** Bytes that this turn was sent. */
  #turnBytes = 0;
  #finalizeWanted = false;
  #shortTurns = 0;
  /** `positionMs` of the tape's first byte. */
  #originMs: number | undefined;
  #replayTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;
  /** Speech sent since Azure last said anything, ms, and since when. */
  #unheardMs = 0;
  #unheardSinceMs = 0;

  constructor(options: ListenLineOptions, handlers: HeardLineHandlers) {
    const { format, clock, random, reconnect, replayMs, chunkMs } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#bytesPerMs = bytesPerMs(format);
    this.#chunkBytes = chunkMs * this.#bytesPerMs;
    this.#tape = new AudioTape(format, replayMs);
    this.#backoff = new Backoff(reconnect, clock, random, options.answerTimeoutMs);
  }

  /** Opens the first connection. Rejects as {@link Dial} does; it is not tried again. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#connect(signal);
  }

  /** What is missing of the next message, ms. */
  get awaitedMs(): number {
    return (this.#chunkBytes - ((this.#tape.end - this.#sent) % this.#chunkBytes)) / this.#bytesPerMs;
  }

  /** Hot path. */
  write({ data, positionMs }: AudioFrame): void {
    this.#originMs ??= positionMs - this.#tape.end / this.#bytesPerMs;
    this.#tape.write(data);
    if (this.#replayTimer === undefined) this.#pump();
  }

  finalize(): void {
    if (!this.#options.finalizeOnPause) return;
    this.#finalizeWanted = true;
    this.#maybeEndTurn();
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#stopTimers();
    const turn = this.#turn;
    if (turn !== undefined && !turn.ending) this.#connection?.sendAudio(turn.requestId, new Uint8Array(0));
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #connect(signal: AbortSignal): Promise<void> {
    let connection: AzureConnection | undefined;
    const listener: AzureListener = {
      // Nothing is said before it was spoken to: the promise has told by then who it is.
      onMessage: (message) => {
        if (connection !== undefined && connection === this.#connection) this.#read(message);
      },
      onFault: (error) => this.#handlers.onEvent({ type: 'warning', error }),
      onLost: (error) => {
        if (connection !== undefined && connection === this.#connection) this.#lose(error);
      },
    };
    connection = await this.#options.dial(listener, signal);
    this.#adopt(connection);
  }

  #adopt(connection: AzureConnection): void {
    if (this.#closing.signal.aborted) {
      connection.close();
      return;
    }
    if (!connection.alive) throw closeFailure(1006);
    this.#connection = connection;
    this.#backoff.connected();
    if (this.#needed < this.#tape.start && this.#reader.speaking) {
      this.#handlers.onEvent({ type: 'warning', error: audioLost() });
    }
    const requestId = newUspId(this.#options.random);
    connection.send('speech.config', requestId, speechConfig(audioSource(this.#options.format)));
    this.#beginTurn(connection, requestId);
  }

  #beginTurn(connection: AzureConnection, requestId: string): void {
    const { context, format, clock } = this.#options;
    this.#turn = { requestId, startedAtMs: clock.now(), ending: false, answered: false };
    this.#unheardMs = 0;
    connection.send('speech.context', requestId, context);
    connection.sendAudio(requestId, waveHeader(format), 'audio/x-wav');
    this.#turnBytes = 0;
    this.#clock.reset();
    const { speaking } = this.#reader;
    this.#sent = speaking ? Math.max(this.#needed, this.#tape.start) : this.#tape.firstVoice(this.#needed);
    this.#mark();
    this.#pump();
  }

  /** Sends what there is: whole chunks at once while little is missing, at the pace of the replay while much is. */
  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#turn === undefined || this.#turn.ending) return;
    if (connection.bufferedBytes > MAX_BUFFERED_MS * this.#bytesPerMs) return;
    if (this.#tape.end - this.#sent > BEHIND_MS * this.#bytesPerMs) {
      this.#replay();
      return;
    }
    while (this.#connection === connection && this.#tape.end - this.#sent >= this.#chunkBytes) {
      this.#sendChunk(this.#chunkBytes);
    }
    this.#maybeEndTurn();
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
    const turn = this.#turn;
    if (turn === undefined) return;
    if (this.#sent < this.#tape.start) {
      this.#sent = this.#tape.start;
      this.#mark();
    }
    const chunk = this.#tape.read(this.#sent, bytes);
    this.#connection?.sendAudio(turn.requestId, chunk);
    this.#sent += chunk.length;
    this.#turnBytes += chunk.length;
    this.#handlers.onSent(chunk.length / this.#bytesPerMs);
    const voiced = isVoiced(chunk, this.#options.format);
    if (voiced) this.#voiced = this.#sent;
    this.#expectAnswer(voiced ? chunk.length / this.#bytesPerMs : 0);
  }

  /** A connection may stand and nobody listen: then no word of the caller's is ever understood. */
  #expectAnswer(voicedMs: number): void {
    const nowMs = this.#options.clock.now();
    // Only from the first voice on: silence may pass without a word.
    if (this.#unheardMs === 0) this.#unheardSinceMs = nowMs;
    this.#unheardMs += voicedMs;
    if (this.#unheardMs < TELLING_MS) return;
    if (nowMs - this.#unheardSinceMs >= this.#options.answerTimeoutMs) this.#giveUp(timeout('to recognise speech'));
  }

  /**
   * Ends the turn, so that Azure says what it has understood: there is no message that asks for it, but the end of the
   * audio, which is an empty one, has that effect. The connection stays, and the next turn begins behind it.
   */
  #maybeEndTurn(): void {
    const { clock, answerTimeoutMs } = this.#options;
    const turn = this.#turn;
    const connection = this.#connection;
    if (!this.#finalizeWanted || turn === undefined || turn.ending || connection === undefined) return;
    if (this.#replayTimer !== undefined) return;
    this.#finalizeWanted = false;
    if (this.#tape.end > this.#sent) this.#sendChunk(this.#tape.end - this.#sent);
    if (this.#connection !== connection) return;
    if (this.#voiced <= this.#needed && !this.#reader.speaking) {
      this.#handlers.onEvent({ type: 'transcript', text: '', final: true });
      return;
    }
    turn.ending = true;
    connection.sendAudio(turn.requestId, new Uint8Array(0));
    this.#endTimer = clock.setTimeout(() => this.#giveUp(timeout('to end a turn')), answerTimeoutMs);
  }

  /** From here on the turn's audio is that of the tape at `#sent`. */
  #mark(): void {
    this.#clock.mark(this.#turnBytes / this.#bytesPerMs, (this.#originMs ?? 0) + this.#sent / this.#bytesPerMs);
  }

  #read(message: UspMessage): void {
    const turn = this.#turn;
    // What is still said about a turn that is over means nothing to the one under way.
    if (turn === undefined || message.requestId !== turn.requestId) return;
    this.#unheardMs = 0;
    const understood = this.#reader.read(message, (turnMs) => this.#clock.positionOf(turnMs));
    for (const event of understood.events) {
      if (turn.ending && event.type === 'transcript' && event.final) turn.answered = true;
      this.#handlers.onEvent(event);
    }
    if (understood.settledMs !== undefined) this.#settle(understood.settledMs);
    if (understood.failure !== undefined) this.#giveUp(understood.failure);
    else if (understood.turnEnded === true) this.#turnEnded(turn);
  }

  #settle(turnMs: number): void {
    const positionMs = this.#clock.positionOf(turnMs) - (this.#originMs ?? 0);
    const byte = Math.floor(positionMs) * this.#bytesPerMs;
    this.#needed = Math.min(Math.max(this.#needed, byte), this.#sent);
  }

  #turnEnded(turn: Turn): void {
    const { clock, random } = this.#options;
    clock.clearTimeout(this.#endTimer);
    if (turn.ending) {
      // All of it was listened to, whatever became of it.
      this.#needed = this.#sent;
      if (!turn.answered) this.#handlers.onEvent({ type: 'transcript', text: '', final: true });
      this.#reader.abandon();
    }
    const short = !turn.ending && clock.now() - turn.startedAtMs < SHORT_TURN_MS;
    this.#shortTurns = short ? this.#shortTurns + 1 : 0;
    if (this.#shortTurns >= MAX_SHORT_TURNS) {
      this.#shortTurns = 0;
      this.#giveUp(protocolFault('the end of one turn after the other'));
      return;
    }
    const connection = this.#connection;
    clock.clearTimeout(this.#replayTimer);
    this.#replayTimer = undefined;
    if (connection !== undefined) this.#beginTurn(connection, newUspId(random));
  }

  #giveUp(error: FlavorError): void {
    this.#connection?.close();
    this.#lose(error);
  }

  #stopTimers(): void {
    this.#options.clock.clearTimeout(this.#replayTimer);
    this.#options.clock.clearTimeout(this.#endTimer);
    this.#replayTimer = undefined;
  }

  #lose(error: FlavorError): void {
    if (this.#closing.signal.aborted) return;
    this.#connection = undefined;
    this.#stopTimers();
    // What was asked for is still wanted, of the turn that hears the same again.
    if (this.#turn?.ending === true && !this.#turn.answered) this.#finalizeWanted = true;
    this.#turn = undefined;
    void this.#replace(error);
  }

  async #replace(loss: FlavorError): Promise<void> {
    const { clock } = this.#options;
    if (loss.retryable) this.#handlers.onEvent({ type: 'warning', error: loss });
    const attempt = (signal: AbortSignal): Promise<void> => this.#connect(signal);
    const failure = await redial(
      { backoff: this.#backoff, clock, explain: asFlavorError, attempt },
      loss,
      this.#closing.signal,
    );
    if (failure !== undefined) this.#handlers.onFailed(failure);
  }
}

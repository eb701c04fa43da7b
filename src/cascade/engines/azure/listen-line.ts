import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import type { AudioFormat, AudioFrame, FlavorError } from '../../../flavor-api/index.js';
import { Backoff, type ReconnectOptions } from '../shared/backoff.js';
import { CallerFeed } from '../shared/caller-feed.js';
import { DeafWatch } from '../shared/deaf-watch.js';
import type { HeardLine, HeardLineHandlers } from '../shared/listen-stream.js';
import { redial } from '../shared/redial.js';
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
  readonly #feed: CallerFeed;
  readonly #deaf: DeafWatch;
  readonly #backoff: Backoff;
  readonly #chunkBytes: number;
  #connection: AzureConnection | undefined;
  #turn: Turn | undefined;
  #finalizeWanted = false;
  #shortTurns = 0;
  #replayTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;

  constructor(options: ListenLineOptions, handlers: HeardLineHandlers) {
    const { format, clock, random, reconnect, replayMs, chunkMs, answerTimeoutMs } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#feed = new CallerFeed(format, replayMs);
    this.#chunkBytes = chunkMs * this.#feed.bytesPerMs;
    this.#deaf = new DeafWatch(clock, answerTimeoutMs);
    this.#backoff = new Backoff(reconnect, clock, random, answerTimeoutMs);
  }

  /** Opens the first connection. Rejects as {@link Dial} does; it is not tried again. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#connect(signal);
  }

  /** What is missing of the next message, ms. */
  get awaitedMs(): number {
    return (this.#chunkBytes - (this.#feed.waitingBytes % this.#chunkBytes)) / this.#feed.bytesPerMs;
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    this.#feed.write(frame);
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
    if (this.#feed.torn && this.#reader.speaking) this.#handlers.onEvent({ type: 'warning', error: audioLost() });
    const requestId = newUspId(this.#options.random);
    connection.send('speech.config', requestId, speechConfig(audioSource(this.#options.format)));
    this.#beginTurn(connection, requestId);
  }

  #beginTurn(connection: AzureConnection, requestId: string): void {
    const { context, format, clock } = this.#options;
    this.#turn = { requestId, startedAtMs: clock.now(), ending: false, answered: false };
    this.#deaf.answered();
    connection.send('speech.context', requestId, context);
    connection.sendAudio(requestId, waveHeader(format), 'audio/x-wav');
    this.#feed.begin(this.#reader.speaking);
    this.#pump();
  }

  /** Sends what there is: whole chunks at once while little is missing, at the pace of the replay while much is. */
  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#turn === undefined || this.#turn.ending) return;
    if (connection.bufferedBytes > MAX_BUFFERED_MS * this.#feed.bytesPerMs) return;
    if (this.#feed.waitingBytes > BEHIND_MS * this.#feed.bytesPerMs) {
      this.#replay();
      return;
    }
    while (this.#connection === connection && this.#feed.waitingBytes >= this.#chunkBytes) {
      this.#sendChunk(this.#chunkBytes);
    }
    this.#maybeEndTurn();
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
    const turn = this.#turn;
    if (turn === undefined) return;
    const piece = this.#feed.take(bytes);
    this.#connection?.sendAudio(turn.requestId, piece);
    this.#handlers.onSent(piece.length / this.#feed.bytesPerMs);
    if (this.#deaf.sent(this.#feed.voicedMs(piece))) this.#giveUp(timeout('to recognise speech'));
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
    if (this.#feed.waitingBytes > 0) this.#sendChunk(this.#feed.waitingBytes);
    if (this.#connection !== connection) return;
    if (!this.#feed.voiceUnsettled && !this.#reader.speaking) {
      this.#handlers.onEvent({ type: 'transcript', text: '', final: true });
      return;
    }
    turn.ending = true;
    connection.sendAudio(turn.requestId, new Uint8Array(0));
    this.#endTimer = clock.setTimeout(() => this.#giveUp(timeout('to end a turn')), answerTimeoutMs);
  }

  #read(message: UspMessage): void {
    const turn = this.#turn;
    // What is still said about a turn that is over means nothing to the one under way.
    if (turn === undefined || message.requestId !== turn.requestId) return;
    this.#deaf.answered();
    const understood = this.#reader.read(message, (turnMs) => this.#feed.positionOf(turnMs));
    for (const event of understood.events) {
      if (turn.ending && event.type === 'transcript' && event.final) turn.answered = true;
      this.#handlers.onEvent(event);
    }
    if (understood.settledMs !== undefined) this.#feed.settle(understood.settledMs);
    if (understood.failure !== undefined) this.#giveUp(understood.failure);
    else if (understood.turnEnded === true) this.#turnEnded(turn);
  }

  #turnEnded(turn: Turn): void {
    const { clock, random } = this.#options;
    clock.clearTimeout(this.#endTimer);
    if (turn.ending) {
      // All of it was listened to, whatever became of it.
      this.#feed.settleAll();
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

import type { AppendMessage, AppendMessages } from '../protocol/append-message.js';
import { Tape } from './tape.js';

/** Where audio goes: a connection. */
export interface AudioSink {
  readonly bufferedBytes: number;
  /** Hot path. A message in UTF-8; its memory is used again as soon as this returns. */
  sendMessage(message: Buffer): void;
}

export interface CallerAudioOptions {
  readonly bytesPerMs: number;
  /** Audio per message. */
  readonly appendMs: number;
  /** The same while the service hears the caller speak; at most `appendMs`. */
  readonly speechAppendMs: number;
  /** Kept before anything that is said, for a service that has to hear it again. */
  readonly keepMs: number;
  /** The most that is kept, and the most that may wait for the network. */
  readonly maxMs: number;
  /** Shared with other calls. */
  readonly messages: AppendMessages;
  /** Audio was given up because the network does not take it. Once for each stretch that is lost. */
  onOverflow(): void;
}

export const callerAudioDefaults = { keepMs: 500, maxMs: 30_000 } as const satisfies Partial<CallerAudioOptions>;
/** Where the configuration names no length. */
export const appendDefaults = { appendMs: 40, speechAppendMs: 20 } as const satisfies Partial<CallerAudioOptions>;

/** Audio per message where much is sent at once. */
const REPLAY_MS = 1_000;
/** Breaks between the two clocks that are remembered. */
const KEPT_MARKS = 64;

/** Memory in which a message's audio is collected, and the message. */
interface Piece {
  readonly audio: Buffer;
  readonly message: AppendMessage;
}

/** From here on, the service's clock and the call's run in step. */
interface Mark {
  readonly sessionMs: number;
  readonly positionMs: number;
}

/**
 * The caller's audio on its way to the service, and the service's audio clock seen from the call: `audio_start_ms` counts
 * what a connection was sent, `AudioFrame.positionMs` what the call has had. Without a connection audio waits, to a limit.
 */
export class CallerAudio {
  readonly #options: CallerAudioOptions;
  readonly #tape: Tape;
  readonly #pending: Buffer;
  readonly #usual: Piece;
  readonly #inSpeech: Piece;
  readonly #maxBuffered: number;
  #piece: Piece;
  #pendingBytes = 0;
  /** Position, in the call, of byte 0 of the tape. */
  #originMs = 0;
  #sink: AudioSink | undefined;
  #gateOpen = true;
  #sessionBytes = 0;
  #marks: Mark[] = [];
  /** The next audio sent does not follow upon the last. */
  #broken = true;
  #overflowing = false;

  constructor(options: CallerAudioOptions) {
    this.#options = options;
    const { bytesPerMs, appendMs, speechAppendMs, keepMs, maxMs, messages } = options;
    this.#tape = new Tape(keepMs * bytesPerMs, maxMs * bytesPerMs);
    this.#pending = Buffer.alloc(appendMs * bytesPerMs);
    this.#usual = { audio: this.#pending, message: messages.of(this.#pending.length) };
    const inSpeech = this.#pending.subarray(0, speechAppendMs * bytesPerMs);
    this.#inSpeech = { audio: inSpeech, message: messages.of(inSpeech.length) };
    this.#piece = this.#usual;
    // Base64 and the words around it.
    this.#maxBuffered = maxMs * bytesPerMs * 2;
  }

  /** Position after the last sample, ms. */
  get endMs(): number {
    return this.#originMs + this.#tape.end / this.#options.bytesPerMs;
  }

  /** There is a connection that takes audio. */
  get attached(): boolean {
    return this.#sink !== undefined;
  }

  /** What is missing of the next message, ms. */
  get awaitedMs(): number {
    return (this.#piece.audio.length - this.#pendingBytes) / this.#options.bytesPerMs;
  }

  /** Audio that the present connection has been sent, ms. */
  get sentMs(): number {
    return this.#sessionBytes / this.#options.bytesPerMs;
  }

  /**
   * The service has begun, or ceased, to hear the caller speak. Meanwhile it is sent audio in shorter messages, so that it
   * hears the end of the turn sooner.
   */
  heard(speech: boolean): void {
    this.#piece = speech ? this.#inSpeech : this.#usual;
    if (this.#pendingBytes >= this.#piece.audio.length) this.flush();
  }

  /** Hot path: copies, and with the last byte of a message sends it. */
  write(data: Uint8Array, positionMs: number): void {
    if (positionMs !== this.endMs) this.#jump(positionMs);
    this.#tape.write(data);
    if (this.#sink && this.#gateOpen) this.#append(data);
  }

  /** Sends to `sink` from now on, beginning with what is kept from `fromMs` on. Its clock starts at zero. */
  attach(sink: AudioSink, fromMs: number): void {
    this.#sink = sink;
    this.#sessionBytes = 0;
    this.#marks = [];
    this.#overflowing = false;
    if (this.#gateOpen) this.#replay(fromMs);
  }

  /** There is no connection: what comes is kept, from `fromMs` on. */
  detach(fromMs: number): void {
    this.#sink = undefined;
    this.hold(fromMs);
  }

  /** Opens the gate: what is kept from `fromMs` on goes out, and all that follows. */
  openGate(fromMs: number): void {
    this.#gateOpen = true;
    if (this.#sink) this.#replay(fromMs);
  }

  /** Closes the gate: audio is kept and not sent. What was collected for a message still goes. */
  closeGate(): void {
    this.#gateOpen = false;
    this.flush();
  }

  /** Sends what has been collected for a message, however little. */
  flush(): void {
    const { audio } = this.#piece;
    // No view is made of one that is whole.
    if (this.#pendingBytes === audio.length) this.#send(audio);
    else if (this.#pendingBytes > 0) this.#send(this.#pending.subarray(0, this.#pendingBytes));
    this.#pendingBytes = 0;
  }

  /** Keeps what was said from `fromMs` on, in case it must be said again; `undefined`: nothing needs to be kept. */
  hold(fromMs: number | undefined): void {
    this.#tape.hold(fromMs === undefined ? undefined : this.#byteAt(fromMs));
  }

  /** Where in the call a moment of the session's clock lies, ms. */
  positionOf(sessionMs: number): number {
    let mark: Mark = this.#marks[0] ?? { sessionMs: 0, positionMs: this.#originMs };
    for (const each of this.#marks) if (each.sessionMs <= sessionMs) mark = each;
    return Math.min(mark.positionMs + sessionMs - mark.sessionMs, this.endMs);
  }

  #append(data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      if (this.#broken) this.#mark(this.endMs - (data.length - done) / this.#options.bytesPerMs);
      const part = Math.min(data.length - done, this.#piece.audio.length - this.#pendingBytes);
      this.#pending.set(
        done === 0 && part === data.length ? data : data.subarray(done, done + part),
        this.#pendingBytes,
      );
      this.#pendingBytes += part;
      done += part;
      if (this.#pendingBytes < this.#piece.audio.length) return;
      this.flush();
    }
  }

  #replay(fromMs: number): void {
    this.#pendingBytes = 0;
    const replayBytes = REPLAY_MS * this.#options.bytesPerMs;
    let at = Math.max(this.#byteAt(fromMs), this.#tape.start);
    this.#mark(this.#originMs + at / this.#options.bytesPerMs);
    while (at < this.#tape.end) {
      const part = this.#tape.read(at, replayBytes);
      if (part.length < replayBytes) {
        // The rest fills messages of the usual length, so that what follows joins it.
        this.#append(part);
        return;
      }
      this.#send(part);
      at += part.length;
    }
  }

  #send(bytes: Buffer): void {
    const sink = this.#sink;
    if (!sink) return;
    if (sink.bufferedBytes > this.#maxBuffered) {
      if (!this.#overflowing) this.#options.onOverflow();
      this.#overflowing = true;
      this.#broken = true;
      return;
    }
    this.#overflowing = false;
    this.#sessionBytes += bytes.length;
    sink.sendMessage(this.#piece.message.of(bytes));
  }

  #mark(positionMs: number): void {
    this.#broken = false;
    const sessionMs = this.#sessionBytes / this.#options.bytesPerMs;
    // Audio that was marked and then not sent has moved no clock.
    if (this.#marks.at(-1)?.sessionMs === sessionMs) this.#marks.pop();
    if (this.#marks.length >= KEPT_MARKS) this.#marks.shift();
    // Neither pushed nor spread, which make room for sixteen more: most calls have one mark for good.
    this.#marks = this.#marks.concat({ sessionMs, positionMs });
  }

  /** The call's clock went on without audio. */
  #jump(positionMs: number): void {
    this.flush();
    this.#originMs = positionMs - this.#tape.end / this.#options.bytesPerMs;
    this.#broken = true;
  }

  #byteAt(positionMs: number): number {
    const wholeMs = Math.round(positionMs - this.#originMs);
    return Math.min(Math.max(0, wholeMs * this.#options.bytesPerMs), this.#tape.end);
  }
}

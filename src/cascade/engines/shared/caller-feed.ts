import { type AudioFormat, type AudioFrame, bytesPerMs } from '../../../flavor-api/index.js';
import { AudioTape, isVoiced } from '../../stages/audio-tape.js';
import { StreamClock } from './stream-clock.js';

/**
 * A caller's audio on its way to a recogniser that hears it as one stream after the other: what was sent of it, and what
 * of that the next stream would have to hear again. Translates the times of the stream into the call's.
 */
export class CallerFeed {
  readonly bytesPerMs: number;
  readonly #format: AudioFormat;
  readonly #tape: AudioTape;
  readonly #clock = new StreamClock();
  /** The byte of the tape that goes out next. */
  #sent = 0;
  /** The first byte of the tape that another stream would have to hear. */
  #needed = 0;
  /** Behind the last byte that was sent of somebody's voice. */
  #voiced = 0;
  /** Bytes that this stream was sent, silence of ours included. */
  #streamBytes = 0;
  /** `positionMs` of the tape's first byte. */
  #originMs: number | undefined;

  /** @param keepMs so much is kept, to be sent again */
  constructor(format: AudioFormat, keepMs: number) {
    this.bytesPerMs = bytesPerMs(format);
    this.#format = format;
    this.#tape = new AudioTape(format, keepMs);
  }

  /** Bytes that have come and were not taken. */
  get waitingBytes(): number {
    return this.#tape.end - this.#sent;
  }

  get streamBytes(): number {
    return this.#streamBytes;
  }

  /** Some of what another stream would have to hear is not kept any more. */
  get torn(): boolean {
    return this.#needed < this.#tape.start;
  }

  /** The stream has heard a voice, and has not said yet what it makes of it. */
  get voiceUnsettled(): boolean {
    return this.#voiced > this.#needed;
  }

  /** Hot path. */
  write({ data, positionMs }: AudioFrame): void {
    this.#originMs ??= positionMs - this.#tape.end / this.bytesPerMs;
    this.#tape.write(data);
  }

  /** Another stream begins. While the caller speaks it hears all that is needed, else from the first voice in it on. */
  begin(speaking: boolean): void {
    this.#clock.reset();
    this.#streamBytes = 0;
    this.#sent = speaking ? Math.max(this.#needed, this.#tape.start) : this.#tape.firstVoice(this.#needed);
    this.#mark();
  }

  /** The next piece for the stream, at most so long; good until the tape has gone round. */
  take(bytes: number): Uint8Array {
    if (this.#sent < this.#tape.start) {
      this.#sent = this.#tape.start;
      this.#mark();
    }
    const piece = this.#tape.read(this.#sent, bytes);
    this.#sent += piece.length;
    this.#streamBytes += piece.length;
    return piece;
  }

  /** How much of the piece that was taken last is somebody's voice, ms: all of it, or nothing. */
  voicedMs(piece: Uint8Array): number {
    if (!isVoiced(piece, this.#format)) return 0;
    this.#voiced = this.#sent;
    return piece.length / this.bytesPerMs;
  }

  /** The stream was sent silence that is no caller's. */
  pad(bytes: number): void {
    this.#streamBytes += bytes;
    this.#mark();
  }

  /** Where in the call `streamMs` of the stream is, ms. */
  positionOf(streamMs: number): number {
    return this.#clock.positionOf(streamMs);
  }

  /** What the stream has heard up to `streamMs` is understood: no other has to hear it. */
  settle(streamMs: number): void {
    const positionMs = this.#clock.positionOf(streamMs) - (this.#originMs ?? 0);
    const byte = Math.floor(positionMs) * this.bytesPerMs;
    this.#needed = Math.min(Math.max(this.#needed, byte), this.#sent);
  }

  settleAll(): void {
    this.#needed = this.#sent;
  }

  /** From here on the stream's audio is that of the tape at `#sent`. */
  #mark(): void {
    this.#clock.mark(this.#streamBytes / this.bytesPerMs, (this.#originMs ?? 0) + this.#sent / this.bytesPerMs);
  }
}

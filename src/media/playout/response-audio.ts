import { ByteQueue } from '../../audio/byte-queue.js';
import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';
import { type AudioConverter, createAudioConverter } from '../codecs/audio-converter.js';
import type { PhoneCoding } from '../codecs/phone-codec.js';
import { createLeadingSilenceTrim, type LeadingSilenceTrim } from './silence-trim.js';

/** Positions are counted in these, whatever the phone's codec: samples of 48,000 Hz, so that all rates come out whole. */
export const UNITS_PER_MS = 48;
/** Silence kept before the first sound, ms. Little: in a response that comes in real time it stays as delay. */
const LEAD_IN_MS = 5;
/** A source whose pieces are this long has more than real time to send them in; the next one comes when it is due, ms. */
const LONG_PIECE_MS = 60;
/** Less than this may be gone before the next piece comes, ms. */
const SCANT_MS = 40;

/**
 * One response on its way to the phone: leading silence trimmed, converted to the phone's codec, queued, and its heard
 * clock. Positions are on the response's own timeline, as the flavor wrote it.
 */
export class ResponseAudio {
  readonly id: string;
  /** Set by a flush, before it takes effect: nothing more is taken or sent. */
  doomed = false;
  /** No more audio will come. */
  ended = false;
  /** Everything of it was sent, or it was flushed. */
  closed = false;
  /** Audible audio of it was sent. */
  voiced = false;
  /** The queue ran dry, and that was reported. */
  starved = false;
  /** It has waited for more than what the trim had left, since {@link Clock.now}; `NaN`: it has not. */
  waitingSinceMs = Number.NaN;
  /** A mark stands after so many units: what lies before need not wait to fill a packet. */
  markedUnits = 0;

  readonly #inputBytesPerMs: number;
  /** Puts odd bytes of `pcm16` back together before the trim sees them. */
  readonly #aligner: AudioConverter;
  readonly #trim: LeadingSilenceTrim;
  readonly #output: AudioFormat;
  #converter: AudioConverter;
  readonly #queue = new ByteQueue();
  #coding: PhoneCoding;
  #unitsPerByte: number;
  #inputBytes = 0;
  #cutFromLongPiece = false;
  #trimmedMs = 0;
  #sentUnits = 0;

  /** @param output the format `push` takes */
  constructor(id: string, output: AudioFormat, coding: PhoneCoding) {
    this.id = id;
    this.#output = output;
    this.#coding = coding;
    this.#unitsPerByte = UNITS_PER_MS / bytesPerMs(coding.format);
    this.#inputBytesPerMs = bytesPerMs(output);
    this.#aligner = createAudioConverter(output, output);
    this.#trim = createLeadingSilenceTrim(output, { keepMs: LEAD_IN_MS });
    this.#converter = createAudioConverter(output, coding.format);
  }

  /** At least one packet with a sample of it was sent. */
  get started(): boolean {
    return this.#sentUnits > 0;
  }

  /** Not begun, and all there is of it is the end of a long piece, whose beginning was silence: so little that the next may come too late. */
  get scant(): boolean {
    return this.#cutFromLongPiece && !this.ended && this.#sentUnits === 0 && this.queuedUnits < SCANT_MS * UNITS_PER_MS;
  }

  /** In the phone's format, waiting. */
  get queuedBytes(): number {
    return this.#queue.length;
  }

  get queuedUnits(): number {
    return this.#queue.length * this.#unitsPerByte;
  }

  get sentUnits(): number {
    return this.#sentUnits;
  }

  /** Audio that left the socket, ms. */
  get sentMs(): number {
    return this.#sentUnits / UNITS_PER_MS;
  }

  /** What the caller has heard, ms; trimmed silence counts as soon as anything behind it was sent. */
  get heardMs(): number {
    if (this.#sentUnits === 0) return 0;
    return Math.min(this.#trimmedMs + this.sentMs, this.lengthMs);
  }

  /** Everything that was pushed, ms. */
  get lengthMs(): number {
    return this.#inputBytes / this.#inputBytesPerMs;
  }

  push(audio: Uint8Array): void {
    const aligned = this.#aligner.convert(audio);
    this.#inputBytes += aligned.length;
    const { audio: kept, trimmedMs } = this.#trim.process(aligned);
    if (trimmedMs > this.#trimmedMs) {
      this.#trimmedMs = trimmedMs;
      this.#cutFromLongPiece = aligned.length >= LONG_PIECE_MS * this.#inputBytesPerMs;
    }
    this.#queue.push(this.#converter.convert(kept));
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#queue.push(this.#converter.convert(this.#trim.finish().audio));
  }

  /**
   * Moves up to `count` bytes into a frame; returns how many.
   * @param words the frame in words, where there is such a view
   */
  take(target: Uint8Array, offset: number, count: number, words?: Int32Array): number {
    const taken = this.#queue.take(target, offset, count, words);
    this.#sentUnits += taken * this.#unitsPerByte;
    return taken;
  }

  /** Copies up to `count` of the samples that come next to the beginning of `target`; returns how many. */
  peek(target: Uint8Array, count: number): number {
    return this.#queue.peek(target, count);
  }

  /** The phone's codec has changed to `coding`. */
  recode(coding: PhoneCoding): void {
    const before = this.#coding;
    this.#coding = coding;
    this.#unitsPerByte = UNITS_PER_MS / bytesPerMs(coding.format);
    this.#converter = createAudioConverter(this.#output, coding.format);
    if (coding.fromOther !== undefined && before.fromOther !== undefined) {
      this.#queue.translate(coding.fromOther);
      return;
    }
    const queued = new Uint8Array(this.#queue.length);
    this.#queue.take(queued, 0, queued.length);
    this.#queue.push(createAudioConverter(before.format, coding.format).convert(queued));
  }
}

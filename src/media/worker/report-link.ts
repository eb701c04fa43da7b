import { Buffer } from 'node:buffer';
import type { CallerFrame, StreamEvent, StreamListener, StreamTap } from '../engine.js';
import { type ReportArea, ReportScratch } from './report-scratch.js';
import { occupied, RingReader, RingWriter } from './shared-ring.js';
import { type StreamMemory, word } from './stream-memory.js';

/** Types of records: from the media thread to the call. */
const EVENT = 1;
const EVENT_PART = 2;
const FRAME = 3;
const CALLER_AUDIO = 4;
const AGENT_AUDIO = 5;

/** Two numbers of 64 bits before the samples of a frame or a tap; of a frame, then one of 32 with the flags. */
const NUMBERS_BYTES = 16;
const FLAGS_AT = NUMBERS_BYTES;
const FRAME_HEADER_BYTES = NUMBERS_BYTES + 8;
const CONCEALED = 1;
const VOICED = 2;
const STIRRING = 4;

/** Lengths of frames that are remembered: a phone's codec has one, a resampler with an uneven ratio two. */
const MAX_VIEWS = 16;

/** Slots whose records wait for the call together, and one to spare. */
const MAX_KEPT_SLOTS = 6;

/** How often a call that waits for each frame says so again, frames: numbers come round modulo 2^32. */
const REPEAT_FRAMES = 1024;

/** Samples for a tap are no reason to wake anybody until there are so many records of them: the next frame does. */
const MAX_HELD_TAPS = 16;

/** Records of audio that wait for a call that does not read, at most: the oldest are given up. Some seconds. */
const MAX_WAITING_AUDIO = 256;

interface WaitingRecord {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/**
 * The media thread's end of the ring up. Where the call does not keep up, what it has missed waits here: events without
 * fail, of audio the newest.
 */
export class ReportWriter implements StreamListener, StreamTap {
  readonly #ring: RingWriter;
  readonly #awaitedAt: number;
  readonly #onNews: () => void;
  /** Of frames, modulo 2^32, that the call has got or will get. */
  #frames = 0;
  /** Of the latest. */
  #flags = 0;
  /** Lengths of the longest records. */
  #frameBytes = 0;
  #tapBytes = 0;
  #heldTaps = 0;
  readonly #scratch: ReportScratch;
  #waiting: WaitingRecord[] = [];
  #waitingAudio = 0;
  #droppedFrames = 0;

  /**
   * @param onNews there is something for the call to read
   * @param scratch may be shared with other writers of the thread
   */
  constructor(memory: StreamMemory, onNews: () => void, scratch = new ReportScratch()) {
    this.#scratch = scratch;
    this.#ring = new RingWriter(memory.up);
    this.#awaitedAt = memory.firstWord + word.frameAwaited;
    this.#onNews = onNews;
  }

  /** Something waits for room: {@link pump} is to be called at every slot. */
  get full(): boolean {
    return this.#waiting.length > 0;
  }

  /** Frames that the call never got, because it did not read for too long. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  onEvent(event: StreamEvent): void {
    const bytes = Buffer.from(JSON.stringify(event));
    const { longest } = this.#ring;
    let start = 0;
    for (; bytes.length - start > longest; start += longest) this.#put(EVENT_PART, bytes, start, start + longest);
    this.#put(EVENT, bytes, start, bytes.length);
    this.#tell();
  }

  onFrame(frame: CallerFrame): void {
    const { data } = frame;
    const flags = (frame.concealed ? CONCEALED : 0) | (frame.voiced ? VOICED : 0) | (frame.stirring ? STIRRING : 0);
    const length = FRAME_HEADER_BYTES + data.length;
    if (length > this.#frameBytes) this.#expect(length, this.#tapBytes);
    const offset = this.#reserve(length);
    const area = this.#areaAt(offset);
    const at = Math.max(offset, 0);
    area.floats[at / 8] = frame.positionMs;
    area.floats[at / 8 + 1] = frame.receivedAtMs;
    area.ints[(at + FLAGS_AT) / 4] = flags;
    area.bytes.set(data, at + FRAME_HEADER_BYTES);
    this.#finish(FRAME, offset, length);
    this.#frames = (this.#frames + 1) | 0;
    const changed = ((flags ^ this.#flags) & ~CONCEALED) !== 0;
    this.#flags = flags;
    if (changed || ((Atomics.load(this.#ring.ints, this.#awaitedAt) - this.#frames) | 0) <= 0) this.#tell();
  }

  caller(samples: Int16Array, atMs: number, rtpTimestamp: number): void {
    this.#tap(CALLER_AUDIO, samples, atMs, rtpTimestamp);
  }

  agent(samples: Int16Array, atMs: number): void {
    this.#tap(AGENT_AUDIO, samples, atMs, 0);
  }

  /** Moves what waits into the ring, as far as there is room. */
  pump(): void {
    let moved = 0;
    for (const { type, bytes } of this.#waiting) {
      if (!this.#write(type, bytes, 0, bytes.length)) break;
      if (isAudio(type)) this.#waitingAudio -= 1;
      moved += 1;
    }
    if (moved === 0) return;
    this.#waiting = this.#waiting.slice(moved);
    this.#tell();
  }

  #tap(type: number, samples: Int16Array, atMs: number, timestamp: number): void {
    const length = NUMBERS_BYTES + samples.byteLength;
    if (length > this.#tapBytes) this.#expect(this.#frameBytes, length);
    const offset = this.#reserve(length);
    const area = this.#areaAt(offset);
    const at = Math.max(offset, 0);
    area.floats[at / 8] = atMs;
    area.floats[at / 8 + 1] = timestamp;
    area.bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), at + NUMBERS_BYTES);
    this.#finish(type, offset, length);
    this.#heldTaps += 1;
    if (this.#heldTaps >= MAX_HELD_TAPS) this.#tell();
  }

  /** In a slot, a frame may be kept and a record for the tap each way. */
  #expect(frameBytes: number, tapBytes: number): void {
    this.#frameBytes = frameBytes;
    this.#tapBytes = tapBytes;
    this.#ring.keepRoom(MAX_KEPT_SLOTS * (occupied(frameBytes) + (tapBytes > 0 ? 2 * occupied(tapBytes) : 0)));
  }

  /** Where a record is made: in the ring, or where it does not fit in there. */
  #areaAt(offset: number): ReportArea {
    return offset >= 0 ? this.#ring : this.#scratch.area(this.#ring.longest + 8);
  }

  /** -1 where the record has to wait, and is made in the scratch area. */
  #reserve(bytes: number): number {
    return this.#waiting.length > 0 ? -1 : this.#ring.reserve(bytes);
  }

  #finish(type: number, offset: number, length: number): void {
    if (offset >= 0) this.#ring.commit(type);
    else this.#wait(type, this.#areaAt(offset).bytes.slice(0, length));
    // A call that does not keep up is to know it.
    if (offset < 0) this.#tell();
  }

  #tell(): void {
    this.#heldTaps = 0;
    this.#onNews();
  }

  #put(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#waiting.length > 0 || !this.#write(type, bytes, start, end)) this.#wait(type, bytes.slice(start, end));
  }

  #write(type: number, bytes: Uint8Array, start: number, end: number): boolean {
    const ring = this.#ring;
    const offset = ring.reserve(end - start);
    if (offset < 0) return false;
    ring.bytes.set(bytes.subarray(start, end), offset);
    ring.commit(type);
    return true;
  }

  #wait(type: number, bytes: Uint8Array): void {
    this.#waiting.push({ type, bytes });
    if (!isAudio(type)) return;
    this.#waitingAudio += 1;
    if (this.#waitingAudio <= MAX_WAITING_AUDIO) return;
    const oldest = this.#waiting.findIndex((record) => isAudio(record.type));
    if (this.#waiting[oldest]?.type === FRAME) {
      this.#droppedFrames += 1;
      this.#frames = (this.#frames - 1) | 0;
    }
    this.#waiting.splice(oldest, 1);
    this.#waitingAudio -= 1;
  }
}

/**
 * Where a stream's frame is while its listener looks at it. Each stream has its own: whoever looks at a frame too late may
 * see the next one, and never another caller's.
 */
class FrameDesk {
  readonly frame: CallerFrame = {
    data: new Uint8Array(0),
    positionMs: 0,
    concealed: false,
    voiced: false,
    stirring: false,
    receivedAtMs: 0,
  };
  #words = new Int32Array(0);
  #views: Uint8Array[] = [];

  /** Puts a copy of `length` bytes into the frame's `data`, `words` from `from` on, and whole words of them. */
  take(words: Int32Array, from: number, length: number): void {
    const data = this.#view(length);
    const copy = this.#words;
    // Of so few, a loop is cheaper than what it takes to name them to a built-in function.
    for (let index = (length + 3) >> 2; index-- > 0; ) copy[index] = words[from + index] as number;
    if (this.frame.data !== data) this.frame.data = data;
  }

  #view(length: number): Uint8Array {
    const { data } = this.frame;
    if (data.length === length) return data;
    for (const view of this.#views) if (view.length === length) return view;
    if (length > this.#words.byteLength || this.#views.length >= MAX_VIEWS) {
      this.#words = new Int32Array((Math.max(length, this.#words.byteLength) + 3) >> 2);
      this.#views = [];
    }
    const view = new Uint8Array(this.#words.buffer, 0, length);
    this.#views = this.#views.concat(view);
    return view;
  }
}

/** The call's end of the ring up. */
export class ReportReader {
  readonly #ring: RingReader;
  readonly #awaitedAt: number;
  readonly #listener: StreamListener;
  readonly #tap: StreamTap | undefined;
  readonly #desk = new FrameDesk();
  #eventParts: Buffer[] = [];
  /** Of frames, modulo 2^32, that were read, and the one that is waited for. */
  #frames = 0;
  #awaited = 0;

  constructor(memory: StreamMemory, listener: StreamListener, tap: StreamTap | undefined) {
    this.#ring = new RingReader(memory.up);
    this.#awaitedAt = memory.firstWord + word.frameAwaited;
    this.#listener = listener;
    this.#tap = tap;
  }

  /** Of the frames that follow, the first `count` - 1 may be kept until the last of them is there. Hot path. */
  awaitFrames(count: number): void {
    const awaited = (this.#frames + count) | 0;
    const ahead = (awaited - this.#awaited) | 0;
    // One that is there already has every next frame told of: nothing need be written where the other thread reads.
    if (ahead === 0 || (count === 1 && ahead > 0 && ahead < REPEAT_FRAMES)) return;
    this.#awaited = awaited;
    Atomics.store(this.#ring.ints, this.#awaitedAt, awaited);
  }

  /** Tells the listener and the tap everything that is there. */
  drain(): void {
    const ring = this.#ring;
    while (ring.next()) {
      const { type, offset, length } = ring;
      switch (type) {
        case FRAME:
          this.#readFrame(offset, length);
          break;
        case CALLER_AUDIO:
        case AGENT_AUDIO:
          this.#readTap(type, offset, length);
          break;
        default:
          this.#readEvent(type, offset, length);
      }
    }
  }

  /** The listener may take its time with what it is given: the place in the ring is free before. */
  #readFrame(offset: number, length: number): void {
    const ring = this.#ring;
    const desk = this.#desk;
    const { frame } = desk;
    const flags = ring.ints[(offset + FLAGS_AT) / 4] as number;
    frame.positionMs = ring.floats[offset / 8] as number;
    frame.receivedAtMs = ring.floats[offset / 8 + 1] as number;
    frame.concealed = (flags & CONCEALED) !== 0;
    frame.voiced = (flags & VOICED) !== 0;
    frame.stirring = (flags & STIRRING) !== 0;
    desk.take(ring.ints, (offset + FRAME_HEADER_BYTES) / 4, length - FRAME_HEADER_BYTES);
    ring.release();
    this.#frames = (this.#frames + 1) | 0;
    this.#listener.onFrame(frame);
  }

  #readTap(type: number, offset: number, length: number): void {
    const ring = this.#ring;
    const atMs = ring.floats[offset / 8] as number;
    const timestamp = ring.floats[offset / 8 + 1] as number;
    const samples = new Int16Array((length - NUMBERS_BYTES) / 2);
    new Uint8Array(samples.buffer).set(ring.bytes.subarray(offset + NUMBERS_BYTES, offset + length));
    ring.release();
    if (type === CALLER_AUDIO) this.#tap?.caller(samples, atMs, timestamp);
    else this.#tap?.agent(samples, atMs);
  }

  #readEvent(type: number, offset: number, length: number): void {
    const ring = this.#ring;
    this.#eventParts.push(Buffer.from(ring.bytes.subarray(offset, offset + length)));
    ring.release();
    if (type === EVENT) this.#listener.onEvent(JSON.parse(Buffer.concat(this.#eventParts.splice(0)).toString()));
  }
}

function isAudio(type: number): boolean {
  return type >= FRAME;
}

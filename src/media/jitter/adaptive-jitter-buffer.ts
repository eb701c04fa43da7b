import { codeReader } from '../codecs/code-reader.js';
import type { PacketReader } from '../codecs/packet-reader.js';
import { DELAY_TARGET_BYTES, DelayTarget, type DelayTargetOptions } from './delay-target.js';
import { type FrameDraft, FrameScratch } from './frame-scratch.js';
import type { JitterBuffer, JitterFrame, PutVerdict } from './jitter-buffer.js';
import { PACKET_STORE_BYTES, PacketStore, STORED_PACKETS } from './packet-store.js';
import { ShortestWait } from './shortest-wait.js';

export interface AdaptiveJitterBufferOptions extends DelayTargetOptions {
  /** Delay above `maxMs` that a burst may bring, ms; with more, the oldest audio is given up at once. */
  readonly burstMs: number;
}

export const adaptiveJitterBufferDefaults = {
  minMs: 20,
  maxMs: 120,
  burstMs: 80,
} as const satisfies AdaptiveJitterBufferOptions;

const FRAME_MS = 20;
/** With nothing to play for this long the sender counts as silent, and its next packet starts a new talkspurt, ms. */
const DRY_MS = 100;
/** Delay above or below the target that is left alone, ms: less than a frame, which is what it can be changed by. */
const SLACK_MS = 18;
/** Delay is shed only where every packet waited this long, ms. */
const SPARE_MS = 25;
/** While the caller speaks, one frame in so many is left out. */
const SHED_EVERY = 5;

/**
 * A jitter buffer whose delay follows what the network needs ({@link DelayTarget}). Order and duplicates are settled by
 * sequence number, time by timestamp. It starts to play one target after a talkspurt's first packet, at the nearest
 * frame; waits when it runs dry; and otherwise changes its delay a frame at a time: longer in pauses, shorter at any
 * time, the frame that is left out being spliced to the next ({@link JitterFrame.before}).
 *
 * The timestamp is trusted only as far as it makes sense: a gap that no longer can be a loss, because the packet
 * behind it has waited its full time, is skipped; so a sender that jumps hours ahead is heard at once. One that jumps
 * back starts a new stream.
 *
 * Packets stay as they came until they are played: the reader decodes them, in order. Time is counted in its ticks, the
 * units of the RTP timestamp.
 */
export class AdaptiveJitterBuffer implements JitterBuffer {
  readonly #target: DelayTarget;
  readonly #limitMs: number;
  readonly #scratch: FrameScratch;
  readonly #packets: PacketStore;
  #draft: FrameDraft;
  /** Made when something is cut out for the first time. */
  #before: Uint8Array | undefined;
  #reader: PacketReader = codeReader;
  #ticksPerMs = 8;
  #frameTicks = 0;
  #frameSamples = 0;
  /** Of {@link JitterFrame.missingMs}, ticks. */
  #missing = 0;

  #state: 'idle' | 'filling' | 'playing' = 'idle';
  /** Sequence numbers of the next packet to play and the newest queued. */
  #head = 0;
  #top = -1;
  /** Timestamp of the next sample to play; 32 bits, signed, compared by difference. */
  #playhead = 0;
  #startAtMs = 0;
  /** Ticks invented since the buffer ran dry: what a gap behind them owes no more. */
  #dryTicks = 0;
  #discardedMs = 0;
  readonly #wait = new ShortestWait();
  #sinceShed = 0;

  /** @param scratch where frames are put together; default: one of its own */
  constructor(options: AdaptiveJitterBufferOptions = adaptiveJitterBufferDefaults, scratch = new FrameScratch()) {
    this.#scratch = scratch;
    this.#draft = scratch.draft(this.#reader.frameBytes, this.#reader.frameSamples);
    const memory = new Uint8Array(PACKET_STORE_BYTES + DELAY_TARGET_BYTES);
    this.#packets = new PacketStore(memory);
    this.#target = new DelayTarget(options, memory, PACKET_STORE_BYTES);
    this.#limitMs = options.maxMs + options.burstMs;
    this.use(this.#reader);
  }

  /** The delay it aims at, ms. */
  get targetMs(): number {
    return this.#target.targetMs;
  }

  /** Audio queued, ms. */
  get depthMs(): number {
    return this.#depthTicks() / this.#ticksPerMs;
  }

  get discardedMs(): number {
    return this.#discardedMs;
  }

  use(reader: PacketReader): void {
    this.reset();
    this.#reader = reader;
    const { ticksPerMs, frameSamples, frameBytes } = reader;
    this.#ticksPerMs = ticksPerMs;
    this.#target.ticksPerMs = ticksPerMs;
    this.#frameTicks = FRAME_MS * ticksPerMs;
    this.#frameSamples = frameSamples;
    this.#draft = this.#scratch.draft(frameBytes, frameSamples);
    this.#before = undefined;
  }

  reset(): void {
    this.#packets.clear();
    this.#state = 'idle';
    this.#top = -1;
    this.#dryTicks = 0;
    this.#wait.reset();
    this.#sinceShed = 0;
  }

  put(
    sequence: number,
    timestamp: number,
    payload: Uint8Array,
    offset: number,
    length: number,
    arrivalMs: number,
  ): PutVerdict {
    const start = timestamp | 0;
    const ticks = this.#reader.ticks(payload, offset, length);
    let verdict: PutVerdict = 'queued';
    if (this.#state === 'idle') {
      this.#begin(sequence, start, arrivalMs);
    } else if (sequence - this.#head >= STORED_PACKETS || this.#isBehindTime(sequence, start, ticks)) {
      this.#discardedMs += this.depthMs;
      this.reset();
      this.#begin(sequence, start, arrivalMs);
      verdict = 'resync';
    } else {
      this.#target.update(start, arrivalMs);
      if (!this.#accepts(sequence, start, ticks)) return 'late';
    }
    if (sequence > this.#top) this.#top = sequence;
    const words = this.#scratch.wordsOf(payload);
    this.#packets.put(sequence, start, ticks, arrivalMs, payload, offset, length, this.#head, this.#top, words);
    this.#limitDelay();
    return verdict;
  }

  /**
   * Whether a packet of the stream is still to be played: also one that was overtaken, while what has come of the stream
   * begins behind it. While nothing has been played, one from before the first becomes the first.
   */
  #accepts(sequence: number, start: number, ticks: number): boolean {
    if (sequence < this.#head) {
      if (this.#top - sequence >= STORED_PACKETS || !this.#precedesHead(start + ticks)) return false;
      this.#head = sequence;
      if (this.#state === 'filling') this.#playhead = start;
    }
    return ((start + ticks - this.#playhead) | 0) > 0;
  }

  take(nowMs: number, speaking: boolean): JitterFrame {
    const { frame } = this.#draft;
    if (this.#state === 'filling' && nowMs >= this.#startAtMs) this.#state = 'playing';
    frame.before = undefined;
    if (this.#state !== 'playing') {
      this.#empty(false);
      return frame;
    }
    const changeMs = this.#changeMs(nowMs);
    if (changeMs > SLACK_MS && !speaking) {
      this.#invent();
      return frame;
    }
    this.#fill(nowMs);
    this.#wait.add(Number.isNaN(frame.receivedAtMs) ? 0 : nowMs - frame.receivedAtMs);
    if (changeMs < -SLACK_MS && this.#mayShed(speaking)) this.#shed(nowMs);
    if (this.#dryTicks >= DRY_MS * this.#ticksPerMs) this.reset();
    return frame;
  }

  /** Whether a packet that ends there would be played before all that are queued. */
  #precedesHead(end: number): boolean {
    if (this.#state === 'filling') return true;
    const slot = this.#packets.slotOf(this.#head);
    const queued = this.#packets.holds(slot, this.#head);
    return queued && ((end - this.#playhead) | 0) > 0 && ((this.#packets.startOf(slot) - end) | 0) >= 0;
  }

  /** The newest packet by number, yet already past by its timestamp: the sender's clock was set back. */
  #isBehindTime(sequence: number, start: number, ticks: number): boolean {
    return this.#state === 'playing' && sequence > this.#top && ((start + ticks - this.#playhead) | 0) <= 0;
  }

  #begin(sequence: number, start: number, arrivalMs: number): void {
    this.#target.rebase(start, arrivalMs);
    this.#state = 'filling';
    this.#head = sequence;
    this.#top = sequence;
    this.#playhead = start;
    // Frames are taken every 20 ms; half of that earlier, so that the delay is the target on average.
    this.#startAtMs = arrivalMs + this.targetMs - FRAME_MS / 2;
  }

  #fill(nowMs: number): void {
    const { frame } = this.#draft;
    frame.playing = true;
    frame.receivedAtMs = Number.NaN;
    this.#missing = 0;
    let filled = 0;
    while (filled < this.#frameTicks) {
      const slot = this.#nextSlot();
      const wanted = this.#frameTicks - filled;
      if (slot < 0) {
        this.#dryTicks += wanted;
        this.#miss(filled, wanted, 0, -1);
        break;
      }
      const gap = this.#closeGap(slot, nowMs);
      if (gap > 0) {
        const invented = Math.min(gap, wanted);
        this.#playhead = (this.#playhead + invented) | 0;
        this.#miss(filled, invented, gap, slot);
        filled += invented;
        continue;
      }
      filled += this.#copy(slot, filled, wanted);
      if (filled === this.#frameTicks) frame.receivedAtMs = this.#packets.arrivalOf(slot);
    }
    frame.missingMs = this.#missing / this.#ticksPerMs;
  }

  /**
   * So many ticks of the frame have no packet.
   * @param gap ticks missing before the packet in `slot`, these included; `slot` is -1 where there is none yet
   */
  #miss(filled: number, count: number, gap: number, slot: number): void {
    this.#missing += count;
    if (filled === 0) this.#forgetKnown();
    const reader = this.#reader;
    if (!reader.conceals) return;
    const packets = this.#packets;
    const payload = packets.payloadOf(slot);
    reader.conceal(this.#draft.frame.data, filled, count, gap, payload, packets.offsetOf(slot), packets.bytesOf(slot));
  }

  /** The slot of the first packet that still has samples to play, or -1. */
  #nextSlot(): number {
    for (let sequence = this.#head; sequence <= this.#top; sequence += 1) {
      const slot = this.#packets.slotOf(sequence);
      if (!this.#packets.holds(slot, sequence)) continue;
      const end = this.#packets.endOf(slot);
      if (((end - this.#playhead) | 0) > 0) {
        this.#head = sequence;
        return slot;
      }
      this.#packets.release(slot);
    }
    return -1;
  }

  /** Ticks that must be invented before the packet in `slot`. */
  #closeGap(slot: number, nowMs: number): number {
    const start = this.#packets.startOf(slot);
    const gap = (start - this.#playhead) | 0;
    if (gap <= 0) {
      this.#dryTicks = 0;
      return 0;
    }
    const waitedMs = nowMs - this.#packets.arrivalOf(slot);
    const skipped = waitedMs >= this.targetMs + FRAME_MS / 2 ? gap : Math.min(gap, this.#dryTicks);
    this.#dryTicks = 0;
    this.#playhead = (this.#playhead + skipped) | 0;
    return gap - skipped;
  }

  #copy(slot: number, filled: number, wanted: number): number {
    const draft = this.#draft;
    const { data, words, known } = draft.frame;
    const packets = this.#packets;
    const passed = (this.#playhead - packets.startOf(slot)) | 0;
    const count = Math.min(wanted, packets.ticksOf(slot) - passed);
    if (!this.#reader.verbatim || !packets.copy(slot, passed, words, filled, count)) {
      const payload = packets.payloadOf(slot);
      const offset = packets.offsetOf(slot);
      this.#reader.read(this.#head, payload, offset, packets.bytesOf(slot), passed, data, filled, count);
    }
    this.#playhead = (this.#playhead + count) | 0;
    const whole = count === this.#frameTicks;
    if (!whole && filled === 0) this.#forgetKnown();
    if (!draft.allKnown) known.fill(1, this.#sampleAt(filled), this.#sampleAt(filled + count));
    draft.allKnown = whole;
    return count;
  }

  #sampleAt(ticks: number): number {
    return Math.floor((ticks * this.#frameSamples) / this.#frameTicks);
  }

  #empty(playing: boolean): void {
    this.#forgetKnown();
    const { frame } = this.#draft;
    frame.missingMs = FRAME_MS;
    frame.playing = playing;
    frame.receivedAtMs = Number.NaN;
  }

  #forgetKnown(): void {
    this.#draft.allKnown = false;
    this.#draft.frame.known.fill(0);
  }

  /** From the playhead to the end of the newest packet; gaps of more than a second are jumps and do not count. */
  #depthTicks(): number {
    if (this.#top < this.#head) return 0;
    let ticks = 0;
    for (let sequence = this.#head; sequence <= this.#top; sequence += 1) {
      const slot = this.#packets.slotOf(sequence);
      if (this.#packets.holds(slot, sequence)) ticks += this.#packets.ticksOf(slot);
    }
    const headSlot = this.#packets.slotOf(this.#head);
    if (this.#packets.holds(headSlot, this.#head)) {
      const passed = (this.#playhead - this.#packets.startOf(headSlot)) | 0;
      ticks -= Math.min(Math.max(0, passed), this.#packets.ticksOf(headSlot));
    }
    return Math.max(0, ticks);
  }

  #limitDelay(): void {
    let depth = this.#depthTicks();
    while (depth > this.#limitMs * this.#ticksPerMs) {
      const slot = this.#nextSlot();
      if (slot < 0 || this.#head === this.#top) return;
      const end = this.#packets.endOf(slot);
      const left = Math.min(this.#packets.ticksOf(slot), (end - this.#playhead) | 0);
      this.#discardedMs += left / this.#ticksPerMs;
      depth -= left;
      this.#packets.release(slot);
      this.#head += 1;
      this.#playhead = end;
    }
  }

  /** How much longer the delay should be, ms; negative: shorter. */
  #changeMs(nowMs: number): number {
    const delayMs = this.#target.delayMs(this.#playhead, nowMs);
    return delayMs === undefined ? 0 : this.targetMs - delayMs;
  }

  #mayShed(speaking: boolean): boolean {
    if (this.#missing > 0 || this.#wait.ms < SPARE_MS) return false;
    this.#sinceShed += 1;
    if (speaking && this.#sinceShed < SHED_EVERY) return false;
    this.#sinceShed = 0;
    return true;
  }

  /** Leaves out the frame that was just filled, in favour of the next. */
  #shed(nowMs: number): void {
    const { frame } = this.#draft;
    this.#before ??= new Uint8Array(frame.data.length);
    this.#before.set(frame.data);
    this.#fill(nowMs);
    if (this.#missing === 0) frame.before = this.#before;
    else this.#discardedMs += FRAME_MS;
    this.#wait.shorten(FRAME_MS);
  }

  /** A frame of nothing, for a longer delay. */
  #invent(): void {
    this.#empty(true);
    this.#missing = 0;
    this.#miss(0, this.#frameTicks, 0, -1);
  }
}

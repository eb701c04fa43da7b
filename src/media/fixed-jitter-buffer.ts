import type { JitterBuffer, JitterFrame, PutVerdict } from './jitter-buffer.js';

export interface FixedJitterBufferOptions {
  /** Delay that a stream starts with, ms. */
  readonly targetMs: number;
  /** Delay above which the oldest audio is given up at once, ms. */
  readonly maxMs: number;
}

export const fixedJitterBufferDefaults = {
  targetMs: 40,
  maxMs: 200,
} as const satisfies FixedJitterBufferOptions;

const SAMPLES_PER_MS = 8;
const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
/** Packets held at most: 1.28 s of the shortest. */
const SLOTS = 128;
/** With nothing to play for this long the sender counts as silent, and its next packet starts a new talkspurt, ms. */
const DRY_MS = 100;
/** Delay above the target, at its lowest within a window, that is shed, ms. */
const SLACK_MS = 40;
const WINDOW_FRAMES = 10;
/** A whole frame above the target through so many windows, 1 s, is shed while the caller says nothing: nobody hears it. */
const CALM_WINDOWS = 5;
/** While the caller speaks, one frame in so many is left out. */
const SHED_EVERY = 5;

const noPayload = new Uint8Array(0);

/**
 * A jitter buffer of constant target. Order and duplicates are settled by sequence number, time by timestamp. It
 * starts to play `targetMs` after a talkspurt's first packet, at the nearest frame; waits when it runs dry (delay grows
 * to what the network needs) and sheds delay again when its lowest level shows that there is too much of it, be it
 * from a burst or because the sender's clock runs fast: much of it at once, the last frame in a pause.
 *
 * The timestamp is trusted only as far as it makes sense: a gap that no longer can be a loss, because the packet
 * behind it has waited its full time, is skipped; so a sender that jumps hours ahead is heard at once. One that jumps
 * back starts a new stream.
 */
export class FixedJitterBuffer implements JitterBuffer {
  readonly #targetMs: number;
  readonly #maxSamples: number;
  readonly #sequences = new Float64Array(SLOTS).fill(-1);
  readonly #timestamps = new Int32Array(SLOTS);
  readonly #offsets = new Int32Array(SLOTS);
  readonly #lengths = new Int32Array(SLOTS);
  readonly #arrivals = new Float64Array(SLOTS);
  readonly #payloads: Uint8Array[] = new Array<Uint8Array>(SLOTS).fill(noPayload);
  readonly #frame: JitterFrame = {
    data: new Uint8Array(FRAME_SAMPLES),
    known: new Uint8Array(FRAME_SAMPLES),
    missing: 0,
    playing: false,
    receivedAtMs: undefined,
  };

  #state: 'idle' | 'filling' | 'playing' = 'idle';
  /** Sequence numbers of the next packet to play and the newest queued. */
  #head = 0;
  #top = -1;
  /** Timestamp of the next sample to play; 32 bits, signed, compared by difference. */
  #playhead = 0;
  #startAtMs = 0;
  /** Samples invented since the buffer ran dry: what a gap behind them owes no more. */
  #drySamples = 0;
  #discarded = 0;
  #lowestSamples = Number.POSITIVE_INFINITY;
  #windowFrames = 0;
  #calmWindows = 0;
  #excessSamples = 0;
  #sinceShed = 0;

  constructor(options: FixedJitterBufferOptions = fixedJitterBufferDefaults) {
    this.#targetMs = options.targetMs;
    this.#maxSamples = Math.max(options.maxMs, options.targetMs + SLACK_MS + FRAME_MS) * SAMPLES_PER_MS;
  }

  get depthMs(): number {
    return this.#depthSamples() / SAMPLES_PER_MS;
  }

  get discardedSamples(): number {
    return this.#discarded;
  }

  reset(): void {
    for (let slot = 0; slot < SLOTS; slot += 1) this.#release(slot);
    this.#state = 'idle';
    this.#top = -1;
    this.#drySamples = 0;
    this.#forgetLevel();
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
    let verdict: PutVerdict = 'queued';
    if (this.#state === 'idle') {
      this.#begin(sequence, start, arrivalMs);
    } else if (sequence - this.#head >= SLOTS || this.#isBehindTime(sequence, start, length)) {
      this.#giveUp();
      this.#begin(sequence, start, arrivalMs);
      verdict = 'resync';
    } else if (this.#state === 'filling' && sequence < this.#head && this.#top - sequence < SLOTS) {
      this.#head = sequence;
      this.#playhead = start;
    } else if (sequence < this.#head || ((start + length - this.#playhead) | 0) <= 0) {
      return 'late';
    }
    const slot = sequence % SLOTS;
    this.#sequences[slot] = sequence;
    this.#timestamps[slot] = start;
    this.#offsets[slot] = offset;
    this.#lengths[slot] = length;
    this.#arrivals[slot] = arrivalMs;
    this.#payloads[slot] = payload;
    if (sequence > this.#top) this.#top = sequence;
    this.#limitDelay();
    return verdict;
  }

  take(nowMs: number, speaking: boolean): JitterFrame {
    const frame = this.#frame;
    if (this.#state === 'filling' && nowMs >= this.#startAtMs) this.#state = 'playing';
    if (this.#state !== 'playing') {
      frame.known.fill(0);
      frame.missing = FRAME_SAMPLES;
      frame.playing = false;
      frame.receivedAtMs = undefined;
      return frame;
    }
    this.#watchLevel();
    this.#fill(nowMs);
    if (this.#mayShed(speaking)) {
      this.#discarded += FRAME_SAMPLES;
      this.#excessSamples = Math.max(0, this.#excessSamples - FRAME_SAMPLES);
      this.#fill(nowMs);
    }
    if (this.#drySamples >= DRY_MS * SAMPLES_PER_MS) this.reset();
    return frame;
  }

  /** The newest packet by number, yet already past by its timestamp: the sender's clock was set back. */
  #isBehindTime(sequence: number, start: number, length: number): boolean {
    return this.#state === 'playing' && sequence > this.#top && ((start + length - this.#playhead) | 0) <= 0;
  }

  #begin(sequence: number, start: number, arrivalMs: number): void {
    this.#state = 'filling';
    this.#head = sequence;
    this.#top = sequence;
    this.#playhead = start;
    // Frames are taken every 20 ms; half of that earlier, so that the delay is the target on average.
    this.#startAtMs = arrivalMs + this.#targetMs - FRAME_MS / 2;
  }

  #giveUp(): void {
    this.#discarded += this.#depthSamples();
    this.reset();
  }

  #fill(nowMs: number): void {
    const frame = this.#frame;
    frame.known.fill(0);
    frame.missing = 0;
    frame.playing = true;
    frame.receivedAtMs = undefined;
    let filled = 0;
    while (filled < FRAME_SAMPLES) {
      const slot = this.#nextSlot();
      const wanted = FRAME_SAMPLES - filled;
      if (slot < 0) {
        this.#drySamples += wanted;
        frame.missing += wanted;
        return;
      }
      const gap = this.#closeGap(slot, nowMs);
      if (gap > 0) {
        const invented = Math.min(gap, wanted);
        this.#playhead = (this.#playhead + invented) | 0;
        frame.missing += invented;
        filled += invented;
        continue;
      }
      filled += this.#copy(slot, filled, wanted);
      if (filled === FRAME_SAMPLES) frame.receivedAtMs = this.#arrivals[slot] as number;
    }
  }

  /** The slot of the first packet that still has samples to play, or -1. */
  #nextSlot(): number {
    for (let sequence = this.#head; sequence <= this.#top; sequence += 1) {
      const slot = sequence % SLOTS;
      if (this.#sequences[slot] !== sequence) continue;
      const end = ((this.#timestamps[slot] as number) + (this.#lengths[slot] as number)) | 0;
      if (((end - this.#playhead) | 0) > 0) {
        this.#head = sequence;
        return slot;
      }
      this.#release(slot);
    }
    return -1;
  }

  /** Samples that must be invented before the packet in `slot`. */
  #closeGap(slot: number, nowMs: number): number {
    const start = this.#timestamps[slot] as number;
    const gap = (start - this.#playhead) | 0;
    if (gap <= 0) {
      this.#drySamples = 0;
      return 0;
    }
    const waitedMs = nowMs - (this.#arrivals[slot] as number);
    const skipped = waitedMs >= this.#targetMs + FRAME_MS / 2 ? gap : Math.min(gap, this.#drySamples);
    this.#drySamples = 0;
    this.#playhead = (this.#playhead + skipped) | 0;
    return gap - skipped;
  }

  #copy(slot: number, filled: number, wanted: number): number {
    const frame = this.#frame;
    const payload = this.#payloads[slot] as Uint8Array;
    const passed = (this.#playhead - (this.#timestamps[slot] as number)) | 0;
    const from = (this.#offsets[slot] as number) + passed;
    const count = Math.min(wanted, (this.#lengths[slot] as number) - passed);
    for (let i = 0; i < count; i += 1) frame.data[filled + i] = payload[from + i] as number;
    frame.known.fill(1, filled, filled + count);
    this.#playhead = (this.#playhead + count) | 0;
    return count;
  }

  #release(slot: number): void {
    this.#sequences[slot] = -1;
    this.#payloads[slot] = noPayload;
  }

  /** From the playhead to the end of the newest packet; gaps of more than a second are jumps and do not count. */
  #depthSamples(): number {
    if (this.#top < this.#head) return 0;
    let samples = 0;
    for (let sequence = this.#head; sequence <= this.#top; sequence += 1) {
      const slot = sequence % SLOTS;
      if (this.#sequences[slot] === sequence) samples += this.#lengths[slot] as number;
    }
    const headSlot = this.#head % SLOTS;
    if (this.#sequences[headSlot] === this.#head) {
      samples -= Math.max(0, (this.#playhead - (this.#timestamps[headSlot] as number)) | 0);
    }
    return Math.max(0, samples);
  }

  #limitDelay(): void {
    let depth = this.#depthSamples();
    while (depth > this.#maxSamples) {
      const slot = this.#nextSlot();
      if (slot < 0 || this.#head === this.#top) return;
      const end = ((this.#timestamps[slot] as number) + (this.#lengths[slot] as number)) | 0;
      const left = Math.min(this.#lengths[slot] as number, (end - this.#playhead) | 0);
      this.#discarded += left;
      depth -= left;
      this.#release(slot);
      this.#head += 1;
      this.#playhead = end;
    }
  }

  #watchLevel(): void {
    this.#lowestSamples = Math.min(this.#lowestSamples, this.#depthSamples());
    this.#windowFrames += 1;
    if (this.#windowFrames < WINDOW_FRAMES) return;
    const surplus = this.#lowestSamples - (this.#targetMs + FRAME_MS) * SAMPLES_PER_MS;
    // Half a frame of hysteresis: a level that only touches the bound is left alone.
    this.#excessSamples = surplus > (SLACK_MS - FRAME_MS) * SAMPLES_PER_MS ? surplus : 0;
    this.#calmWindows = surplus >= FRAME_SAMPLES ? this.#calmWindows + 1 : 0;
    this.#windowFrames = 0;
    this.#lowestSamples = Number.POSITIVE_INFINITY;
  }

  #mayShed(speaking: boolean): boolean {
    if (this.#frame.missing > 0) return false;
    if (!speaking && this.#calmWindows >= CALM_WINDOWS) {
      this.#calmWindows = 0;
      return true;
    }
    if (this.#excessSamples < FRAME_SAMPLES) return false;
    this.#sinceShed += 1;
    if (speaking && this.#sinceShed < SHED_EVERY) return false;
    this.#sinceShed = 0;
    return true;
  }

  #forgetLevel(): void {
    this.#lowestSamples = Number.POSITIVE_INFINITY;
    this.#windowFrames = 0;
    this.#calmWindows = 0;
    this.#excessSamples = 0;
    this.#sinceShed = 0;
  }
}

/** What a connection does with audio. */
export interface AudioSink {
  /** What the network has not taken yet. */
  readonly bufferedBytes: number;
  sendAudio(bytes: Uint8Array): void;
}

/** Kept in case a connection breaks, ms. */
const KEEP_MS = 15_000;
const FRAME_MS = 20;
/** Frames in a message: fewer and larger ones cost half, and 20 ms are no wait that is noticed. */
const CHUNK_FRAMES = 2;
/** Before the caller was noticed, their first word had begun, ms. */
const LEAD_MS = 600;
/** More than this that the network has not taken: sending waits. */
const MAX_BUFFERED_BYTES = 64 * 1024;
/** Missed audio is sent so much faster than it was spoken. */
const REPLAY_RATE = 1.2;

/** The caller's audio on its way: at once while a connection stands; what was missed in between, faster than it came. */
export class CallerAudio {
  readonly #onLost: () => void;
  #losing = false;
  #sink: AudioSink | undefined;
  /** The latest frames, each a copy. */
  #frames: Uint8Array[] = [];
  /** Frames ever written, and the number of the next to be sent and of the first that is still needed. */
  #end = 0;
  #next = 0;
  #needed = 0;
  /** Somebody was noticed to speak, and was not understood yet. */
  #speech = false;
  #timer: NodeJS.Timeout | undefined;

  /** `onLost` is told once of each stretch that was neither sent nor kept. */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** What is missing of the next message, ms. */
  get awaitedMs(): number {
    return (CHUNK_FRAMES - ((this.#end - this.#next) % CHUNK_FRAMES)) * FRAME_MS;
  }

  /** Hot path. `data` is borrowed. */
  write(data: Uint8Array): void {
    if (this.#frames.length >= KEEP_MS / FRAME_MS) this.#frames.shift();
    this.#frames.push(new Uint8Array(data));
    this.#end += 1;
    if (this.#sink !== undefined && this.#timer === undefined) this.#catchUp();
  }

  /** The caller was noticed to speak: from here on, it would have to be heard again. */
  onSpeech(): void {
    if (!this.#speech) this.#needed = Math.max(0, this.#next - LEAD_MS / FRAME_MS);
    this.#speech = true;
  }

  /** What was said was understood: it is not needed again. */
  onUnderstood(): void {
    this.#needed = this.#next;
    this.#speech = false;
  }

  /** Whether somebody was noticed to speak, and was not understood yet. */
  get pending(): boolean {
    return this.#speech;
  }

  /** A connection stands, and has to hear what was not understood before. */
  attach(sink: AudioSink): void {
    this.#sink = sink;
    this.#next = Math.max(this.#needed, this.#end - this.#frames.length);
    this.#catchUp();
  }

  /** No connection stands. What comes meanwhile is needed by the next. */
  detach(): void {
    this.#sink = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #catchUp(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    const full = sink.bufferedBytes > MAX_BUFFERED_BYTES;
    if (!full && !this.#sendNext(sink)) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#catchUp();
      },
      (CHUNK_FRAMES * FRAME_MS) / REPLAY_RATE,
    );
  }

  /** Returns whether there is more. */
  #sendNext(sink: AudioSink): boolean {
    const oldest = this.#end - this.#frames.length;
    const lost = this.#next < oldest;
    if (lost && !this.#losing) this.#onLost();
    this.#losing = lost;
    this.#next = Math.max(this.#next, oldest);
    const from = this.#next - oldest;
    if (this.#frames.length - from < CHUNK_FRAMES) return false;
    sink.sendAudio(Buffer.concat(this.#frames.slice(from, from + CHUNK_FRAMES)));
    const end = this.#next + CHUNK_FRAMES;
    if (!this.#speech) this.#needed = Math.max(this.#needed, end);
    this.#next = end;
    return this.#end - this.#next >= CHUNK_FRAMES;
  }
}

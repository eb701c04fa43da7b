import type { Clock } from '../../../src/base/clock.js';
import { EnergyVad, VAD_FRAME_MS } from './energy-vad.js';
import { bytesPerMs, decodeAudio, type WireFormat } from './wire-format.js';

/** How turns are found; `undefined` where the client commits by hand. */
export interface ListeningOptions {
  readonly threshold: number;
  readonly silenceMs: number;
  readonly prefixMs: number;
}

/** Audio of the caller's that was committed. */
export interface CallerAudio {
  readonly bytes: Uint8Array;
  readonly format: WireFormat;
  readonly durationMs: number;
  /** Clock time at which the last voiced sample was received; `undefined` when no frame was voiced, or nobody listened. */
  readonly lastVoicedAtMs: number | undefined;
}

/** Where speech begins or ends, on the session's own audio clock: milliseconds of audio received. */
export type SpeechMark =
  | { readonly type: 'started'; readonly audioStartMs: number }
  | { readonly type: 'stopped'; readonly audioEndMs: number };

/** What is kept of uncommitted audio at most; older audio is dropped. Nobody speaks for so long, ms. */
const MAX_BUFFER_MS = 120_000;

/** Speech is noticed so long after its onset, ms: {@link EnergyVad} looks at six frames. */
const NOTICE_MS = 6 * VAD_FRAME_MS;

/** The input audio buffer: what the client has appended and not committed, with the ear that listens to it. */
export class InputAudio {
  readonly #clock: Clock;
  readonly #vad = new EnergyVad({ threshold: 0.5, silenceMs: 500 });
  #format: WireFormat;
  #listening: ListeningOptions | undefined;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  /** Bytes of a frame that is not complete. */
  #rest: Uint8Array = new Uint8Array(0);
  #receivedMs = 0;
  #lastVoicedAtMs: number | undefined;
  /** All that was ever appended. */
  bytesReceived = 0;

  constructor(clock: Clock, format: WireFormat) {
    this.#clock = clock;
    this.#format = format;
  }

  /** The session's audio clock: milliseconds of audio received. */
  get nowMs(): number {
    return this.#receivedMs;
  }

  get bufferedMs(): number {
    return this.#bufferedBytes / bytesPerMs(this.#format);
  }

  get speaking(): boolean {
    return this.#vad.speaking;
  }

  get format(): WireFormat {
    return this.#format;
  }

  /** Audio so far of what is being said. */
  get buffered(): Uint8Array {
    return joined(this.#chunks, this.#bufferedBytes);
  }

  /** Another format, or another way of listening. A turn under way survives unless listening itself changes. */
  configure(format: WireFormat, listening: ListeningOptions | undefined): void {
    if (format.type !== this.#format.type) this.#forgetAudio();
    if (JSON.stringify(listening) !== JSON.stringify(this.#listening)) this.#vad.reset();
    this.#format = format;
    this.#listening = listening;
    if (listening !== undefined) this.#vad.options = listening;
  }

  /**
   * Takes appended audio, and tells where speech begins and ends in it, each mark when the buffer holds the audio up to
   * it and no more: it can be taken between two marks. To be iterated to its end.
   */
  *append(bytes: Uint8Array): Generator<SpeechMark> {
    this.bytesReceived += bytes.length;
    const frameBytes = VAD_FRAME_MS * bytesPerMs(this.#format);
    for (let at = 0; at < bytes.length; ) {
      const length = this.#listening === undefined ? bytes.length : frameBytes - this.#rest.length;
      const slice = bytes.subarray(at, at + length);
      at += slice.length;
      this.#receivedMs += slice.length / bytesPerMs(this.#format);
      this.#chunks.push(slice);
      this.#bufferedBytes += slice.length;
      const mark = this.#listening === undefined ? undefined : this.#listen(slice, frameBytes, this.#listening);
      if (mark?.type !== 'stopped') this.#dropOld();
      if (mark !== undefined) yield mark;
    }
  }

  /** Hands over what is in the buffer, and empties it. */
  take(): CallerAudio {
    const bytes = this.buffered;
    const lastVoicedAtMs = this.#lastVoicedAtMs;
    this.#forgetAudio();
    this.#vad.reset();
    return { bytes, format: this.#format, durationMs: bytes.length / bytesPerMs(this.#format), lastVoicedAtMs };
  }

  clear(): void {
    this.#forgetAudio();
    this.#vad.reset();
  }

  #listen(slice: Uint8Array, frameBytes: number, { prefixMs }: ListeningOptions): SpeechMark | undefined {
    const frame = this.#rest.length === 0 ? slice : joined([this.#rest, slice], this.#rest.length + slice.length);
    if (frame.length < frameBytes) {
      this.#rest = frame;
      return undefined;
    }
    this.#rest = new Uint8Array(0);
    const change = this.#vad.process(decodeAudio(frame, this.#format));
    if (this.#vad.voiced && this.#vad.speaking) this.#lastVoicedAtMs = this.#clock.now();
    if (change === 'stopped') return { type: 'stopped', audioEndMs: Math.round(this.#receivedMs) };
    if (change === undefined) return undefined;
    const onsetMs = this.#receivedMs - this.#vad.onsetFramesAgo * VAD_FRAME_MS;
    return { type: 'started', audioStartMs: Math.max(0, Math.round(onsetMs - prefixMs)) };
  }

  /** While nobody speaks, only the padding and what it takes to notice speech is kept. */
  #dropOld(): void {
    const keep = this.#vad.speaking ? undefined : this.#listening?.prefixMs;
    const keepMs = keep === undefined ? MAX_BUFFER_MS : keep + NOTICE_MS;
    const keepBytes = keepMs * bytesPerMs(this.#format);
    for (;;) {
      const [first] = this.#chunks;
      if (first === undefined || this.#bufferedBytes - first.length < keepBytes) return;
      this.#chunks.shift();
      this.#bufferedBytes -= first.length;
    }
  }

  #forgetAudio(): void {
    this.#chunks = [];
    this.#bufferedBytes = 0;
    this.#rest = new Uint8Array(0);
    this.#lastVoicedAtMs = undefined;
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

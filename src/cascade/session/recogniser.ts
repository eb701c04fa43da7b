import { Alarm } from '../../base/alarm.js';
import type { Clock } from '../../base/clock.js';
import { type AudioFormat, type AudioFrame, FlavorError } from '../../flavor-api/index.js';
import type { SpeechToText, SpeechToTextEvent, SpeechToTextStream } from '../stages/speech-to-text.js';
import { asFlavorError } from '../stages/stage-error.js';

export interface RecogniserParts {
  readonly engine: SpeechToText;
  readonly input: AudioFormat;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onEvent(event: Exclude<SpeechToTextEvent, { readonly type: 'end' }>): void;
  /** The stream broke, and another is being opened. */
  onLost(error: FlavorError): void;
  onFailed(error: FlavorError): void;
}

/** Before each attempt to open another stream, ms. */
const RETRIES_MS = [0, 250, 1_000] as const;
/** A stream that has lasted so long was no failed attempt, ms; unless it ended for want of an answer, and never gave one. */
const STABLE_MS = 10_000;
/** Of what is said meanwhile, frames: 5 s. */
const KEPT_FRAMES = 250;

/** The caller's recogniser. One that breaks off is replaced, and hears what was said meanwhile. */
export class Recogniser {
  readonly #parts: RecogniserParts;
  readonly #retry: Alarm;
  #stream: SpeechToTextStream | undefined;
  #streamSinceMs = 0;
  /** The stream has told of something that was said. */
  #streamHears = false;
  #attempts = 0;
  #finalizes = false;
  /** Another engine than the first has told what it can do. */
  #takenOver = false;
  #kept: AudioFrame[] = [];
  #closed = false;
  /** Until the latest stream has said its last word. */
  #reading: Promise<void> = Promise.resolve();

  /** @param first a stream that listens */
  constructor(parts: RecogniserParts, first: SpeechToTextStream) {
    this.#parts = parts;
    this.#retry = new Alarm(parts.clock);
    this.#attach(first);
  }

  /** Of the stream that listens, ms; see {@link SpeechToTextStream.awaitedInputMs}. */
  get awaitedInputMs(): number | undefined {
    return this.#stream?.awaitedInputMs;
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    if (this.#stream) this.#stream.write(frame);
    else if (!this.#closed) this.#keep(frame);
  }

  finalize(): void {
    if (this.#finalizes) this.#stream?.finalize();
  }

  /** Resolves once what was used has been told. */
  close(): Promise<void> {
    this.#closed = true;
    this.#retry.clear();
    this.#kept = [];
    this.#stream?.close();
    this.#stream = undefined;
    return this.#reading;
  }

  #attach(stream: SpeechToTextStream): void {
    this.#stream = stream;
    this.#streamSinceMs = this.#parts.clock.now();
    this.#streamHears = false;
    const { identity, capabilities } = this.#parts.engine;
    this.#finalizes = capabilities.finalize;
    // A new stream is the first engine's until it says otherwise.
    if (this.#takenOver) this.#parts.onEvent({ type: 'taken-over', identity, capabilities });
    this.#takenOver = false;
    for (const frame of this.#kept) stream.write(frame);
    this.#kept = [];
    this.#reading = this.#read(stream);
  }

  async #read(stream: SpeechToTextStream): Promise<void> {
    try {
      for await (const event of stream.events) {
        if (event.type === 'end') {
          this.#onEnd(stream, event.error);
          return;
        }
        if (event.type === 'transcript' && this.#stream === stream) this.#streamHears = true;
        if (event.type === 'taken-over') {
          this.#finalizes = event.capabilities.finalize;
          this.#takenOver = true;
        }
        if (!this.#closed || event.type === 'usage') this.#parts.onEvent(event);
      }
      this.#onEnd(stream, undefined);
    } catch (error) {
      this.#onEnd(stream, asFlavorError(error));
    }
  }

  #onEnd(stream: SpeechToTextStream, error: FlavorError | undefined): void {
    if (this.#closed || this.#parts.signal.aborted || this.#stream !== stream) return;
    this.#stream = undefined;
    const unanswered = error?.code === 'ERR_FLAVOR_TIMEOUT' && !this.#streamHears;
    if (!unanswered && this.#parts.clock.now() - this.#streamSinceMs >= STABLE_MS) this.#attempts = 0;
    this.#onLost(error ?? new FlavorError('ERR_FLAVOR_NETWORK', 'the recogniser stopped listening', true));
  }

  #onLost(error: FlavorError): void {
    const delayMs = RETRIES_MS[this.#attempts];
    if (!error.retryable || delayMs === undefined) {
      this.#parts.onFailed(error);
      return;
    }
    this.#attempts += 1;
    this.#parts.onLost(error);
    this.#retry.set(delayMs, () => void this.#reopen());
  }

  async #reopen(): Promise<void> {
    const { engine, input, signal } = this.#parts;
    try {
      const stream = await engine.open({ input }, signal);
      if (this.#closed) stream.close();
      else this.#attach(stream);
    } catch (error) {
      if (!this.#closed && !signal.aborted) this.#onLost(asFlavorError(error));
    }
  }

  #keep(frame: AudioFrame): void {
    if (this.#kept.length >= KEPT_FRAMES) this.#kept.shift();
    this.#kept.push({ ...frame, data: new Uint8Array(frame.data) });
  }
}

import type { AudioFrame, FlavorError } from '../../../flavor-api/index.js';
import { EventStream } from '../../stages/event-stream.js';
import type { SpeechToTextEvent, SpeechToTextStream } from '../../stages/speech-to-text.js';
import type { StageIdentity } from '../../stages/stage.js';

/** What takes one caller's audio to a provider. */
export interface HeardLine {
  /** Audio taken that the provider has not been sent yet, ms. */
  readonly awaitedMs: number;
  /** @throws FlavorError when there is no connection and will be none */
  open(signal: AbortSignal): Promise<void>;
  write(frame: AudioFrame): void;
  finalize(): void;
  close(): void;
}

/** Who hears of it. */
export interface HeardLineHandlers {
  onEvent(event: SpeechToTextEvent): void;
  /** Audio that the provider was sent, and will charge for, ms. */
  onSent(audioMs: number): void;
  /** There will be no other connection. */
  onFailed(error: FlavorError): void;
}

/** Usage is told whenever so much audio was sent, ms, so that a cap on spending can act in mid-call. */
const USAGE_EVERY_MS = 30_000;

/** One caller's recogniser. */
export class ListenStream implements SpeechToTextStream {
  readonly events = new EventStream<SpeechToTextEvent>();
  readonly #identity: StageIdentity;
  readonly #signal: AbortSignal;
  readonly #line: HeardLine;
  readonly #onAbort = (): void => this.close();
  #unreportedMs = 0;

  constructor(identity: StageIdentity, signal: AbortSignal, makeLine: (handlers: HeardLineHandlers) => HeardLine) {
    this.#identity = identity;
    this.#signal = signal;
    this.#line = makeLine({
      onEvent: (event) => this.events.push(event),
      onSent: (audioMs) => this.#sent(audioMs),
      onFailed: (error) => {
        this.#stop();
        this.events.push({ type: 'end', error });
      },
    });
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#line.open(signal);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) {
      this.close();
      throw signal.reason;
    }
  }

  get awaitedInputMs(): number {
    return this.#line.awaitedMs;
  }

  write(frame: AudioFrame): void {
    if (!this.events.ended) this.#line.write(frame);
  }

  finalize(): void {
    if (!this.events.ended) this.#line.finalize();
  }

  close(): void {
    if (this.events.ended) return;
    this.#stop();
    this.events.push({ type: 'end' });
  }

  #stop(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#line.close();
    this.#reportUsage();
  }

  #sent(audioMs: number): void {
    this.#unreportedMs += audioMs;
    if (this.#unreportedMs >= USAGE_EVERY_MS) this.#reportUsage();
  }

  #reportUsage(): void {
    const quantity = Math.round(this.#unreportedMs);
    this.#unreportedMs = 0;
    if (quantity > 0) this.events.push({ type: 'usage', ...this.#identity, unit: 'audio-ms', quantity });
  }
}

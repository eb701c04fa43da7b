import type { Clock } from '../../base/clock.js';
import { type AudioFormat, type AudioFrame, bytesPerMs, FlavorError } from '../../flavor-api/index.js';
import { AudioTape, peakOf, VOICED_PEAK } from '../stages/audio-tape.js';
import { EventStream } from '../stages/event-stream.js';
import type { SpeechToText, SpeechToTextEvent, SpeechToTextStream } from '../stages/speech-to-text.js';
import { asFlavorError, mayBeTakenOver } from '../stages/stage-error.js';
import type { Candidates } from './candidates.js';
import { openFirst } from './open-first.js';
import type { SpeechToTextFailOverOptions } from './options.js';

export interface FailOverStreamParts {
  readonly candidates: Candidates<SpeechToText>;
  /** The engine whose capabilities the turn loop has been told. */
  readonly announced: SpeechToText | undefined;
  readonly clock: Clock;
  readonly options: SpeechToTextFailOverOptions;
  readonly input: AudioFormat;
  readonly signal: AbortSignal;
}

/** An engine that listens. */
interface Listener {
  readonly engine: SpeechToText;
  readonly stream: SpeechToTextStream;
  readonly sinceMs: number;
  /** It is left for another, or the call is over. */
  forget(): void;
}

/** Caller audio that can be told again, ms: longer than a turn is without a final segment, which Whisper's may be for 29 s. */
const TAPE_MS = 32_000;
/** Audio is told again in frames of this length, ms. */
const FRAME_MS = 20;
/** Engines that fail one right after the other are not asked for ever. */
const MAX_FAILURES = 8;
/** One that has listened for so long has proved that it can, ms. */
const STABLE_MS = 20_000;

/** One caller's recogniser, whoever listens. */
export class FailOverStream implements SpeechToTextStream {
  readonly #parts: FailOverStreamParts;
  readonly #events = new EventStream<SpeechToTextEvent>();
  readonly #tape: AudioTape;
  readonly #bytesPerMs: number;
  #announced: SpeechToText | undefined;
  #listener: Listener | undefined;
  #failures = 0;
  /** Position of the first byte of the tape, ms. */
  #originMs: number | undefined;
  /** Everything before this byte is in a final segment. */
  #settledByte = 0;
  /** Voice since the engine last said anything, ms. */
  #unansweredMs = 0;
  #closing = false;

  constructor(parts: FailOverStreamParts) {
    this.#parts = parts;
    this.#announced = parts.announced;
    this.#tape = new AudioTape(parts.input, TAPE_MS);
    this.#bytesPerMs = bytesPerMs(parts.input);
    parts.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get events(): AsyncIterable<SpeechToTextEvent> {
    return this.#events;
  }

  /**
   * Has the first engine listen that can be had.
   *
   * @throws FlavorError when none can; the signal's reason when the call is over.
   */
  async connect(): Promise<void> {
    const { candidates, clock, options, input, signal } = this.#parts;
    const { engine, opened, forget } = await openFirst({
      candidates,
      clock,
      limitMs: options.openMs,
      signal,
      open: (candidate, until) => candidate.open({ input }, until),
    });
    if (this.#closing || this.#events.ended) {
      opened.close();
      forget();
      return;
    }
    const listener: Listener = { engine, stream: opened, sinceMs: clock.now(), forget };
    this.#listener = listener;
    this.#unansweredMs = 0;
    if (engine !== this.#announced) {
      this.#announced = engine;
      const { identity, capabilities } = engine;
      this.#events.push({ type: 'taken-over', identity, capabilities: { ...capabilities, input: [input] } });
    }
    this.#tellAgain(opened);
    void this.#follow(listener);
  }

  get awaitedInputMs(): number | undefined {
    return this.#listener?.stream.awaitedInputMs;
  }

  write(frame: AudioFrame): void {
    if (this.#closing || this.#events.ended) return;
    this.#originMs ??= frame.positionMs;
    this.#tape.write(frame.data);
    const listener = this.#listener;
    if (!listener) return;
    listener.stream.write(frame);
    if (listener.engine.capabilities.interim === false || peakOf(frame.data, this.#parts.input) < VOICED_PEAK) return;
    this.#unansweredMs += frame.data.length / this.#bytesPerMs;
    if (this.#unansweredMs >= this.#parts.options.deafMs) {
      this.#onFailure(listener, new FlavorError('ERR_FLAVOR_TIMEOUT', 'the recogniser has fallen silent', true));
    }
  }

  finalize(): void {
    this.#listener?.stream.finalize();
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    // Its `usage` and `end` are waited for.
    if (this.#listener) this.#listener.stream.close();
    else this.#end(undefined);
  }

  readonly #onAbort = (): void => this.close();

  /** What has been said since the last final segment, silence in the beginning apart. */
  #tellAgain(stream: SpeechToTextStream): void {
    const frameBytes = FRAME_MS * this.#bytesPerMs;
    const originMs = this.#originMs ?? 0;
    for (let at = this.#tape.firstVoice(this.#settledByte); at < this.#tape.end; at += frameBytes) {
      const data = this.#tape.read(at, frameBytes);
      stream.write({ data, positionMs: originMs + at / this.#bytesPerMs, concealed: false });
    }
  }

  async #follow(listener: Listener): Promise<void> {
    try {
      for await (const event of listener.stream.events) {
        if (this.#listener === listener) this.#take(listener, event);
        // What was used is used, whoever listens now.
        else if (event.type === 'usage') this.#events.push(event);
      }
      if (this.#listener === listener) this.#onEnd(listener, undefined);
    } catch (error) {
      if (this.#listener === listener) this.#onEnd(listener, asFlavorError(error));
    }
  }

  #take(listener: Listener, event: SpeechToTextEvent): void {
    this.#unansweredMs = 0;
    if (event.type === 'end') {
      this.#onEnd(listener, event.error);
      return;
    }
    if (event.type === 'end-of-turn') this.#settledByte = this.#tape.end;
    if (event.type === 'transcript' && event.final) this.#settle(event.words?.at(-1)?.endMs ?? event.untilMs);
    this.#events.push(event);
  }

  #settle(endMs: number | undefined): void {
    const byte = endMs === undefined ? this.#tape.end : Math.round(endMs - (this.#originMs ?? 0)) * this.#bytesPerMs;
    this.#settledByte = Math.min(Math.max(byte, this.#settledByte), this.#tape.end);
  }

  #onEnd(listener: Listener, error: FlavorError | undefined): void {
    if (this.#closing || this.#parts.signal.aborted) {
      this.#listener = undefined;
      listener.forget();
      this.#end(undefined);
    } else {
      const unasked = new FlavorError('ERR_FLAVOR_NETWORK', 'the recogniser has ended unasked', true);
      this.#onFailure(listener, error ?? unasked);
    }
  }

  #onFailure(listener: Listener, error: FlavorError): void {
    this.#listener = undefined;
    listener.stream.close();
    listener.forget();
    this.#parts.candidates.brokeOff(listener.engine);
    this.#failures = this.#parts.clock.now() - listener.sinceMs >= STABLE_MS ? 1 : this.#failures + 1;
    if (this.#failures >= MAX_FAILURES || !mayBeTakenOver(error, this.#parts.signal)) {
      this.#end(error);
      return;
    }
    this.#events.push({ type: 'warning', error });
    this.connect().catch((failure: unknown) => this.#end(asFlavorError(failure)));
  }

  #end(error: FlavorError | undefined): void {
    if (this.#events.ended) return;
    this.#listener?.stream.close();
    this.#listener?.forget();
    this.#listener = undefined;
    this.#parts.signal.removeEventListener('abort', this.#onAbort);
    this.#events.push({ type: 'end', ...(error && !this.#parts.signal.aborted && { error }) });
  }
}

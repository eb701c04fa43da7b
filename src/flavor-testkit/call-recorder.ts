import type { AudioFormat, FlavorEvent } from '../flavor-api/index.js';
import type { CallLog, LoggedEvent } from './call-log.js';
import { outcome } from './pacer.js';
import { isVoiced } from './sound.js';

/** The event variant of a type. */
export type EventOf<Type extends FlavorEvent['type']> = Extract<FlavorEvent, { readonly type: Type }>;

export interface CallRecorderOptions {
  readonly events: AsyncIterable<FlavorEvent>;
  readonly output: AudioFormat;
  /** False: all but `end` are passed on and forgotten. */
  readonly keepEvents: boolean;
  /** The caller's clock. */
  positionMs(): number;
  onEvent(logged: LoggedEvent): void;
}

/** Wall milliseconds given to the iterator to finish after `end`. */
const FINISH_MS = 500;

/** Reads a session's event stream at once, as a host must, and keeps all that happens in the call. */
export class CallRecorder {
  readonly #options: CallRecorderOptions;
  readonly reports: CallLog['reports'][number][] = [];
  readonly thrown: CallLog['thrown'][number][] = [];
  /** Resolves when the stream has been read to its end, or broke. */
  readonly finished: Promise<void>;
  readonly #events: LoggedEvent[] = [];
  #afterEnd: CallLog['afterEnd'];
  #startedAt: number | undefined;
  #ended: LoggedEvent | undefined;
  #stirred: { readonly positionMs: number; readonly atMs: number };

  constructor(options: CallRecorderOptions) {
    this.#options = options;
    this.#stirred = { positionMs: options.positionMs(), atMs: performance.now() };
    this.finished = this.#read();
  }

  get log(): CallLog {
    return {
      output: this.#options.output,
      events: this.#events,
      reports: this.reports,
      thrown: this.thrown,
      afterEnd: this.#afterEnd,
      startedAt: this.#startedAt,
    };
  }

  get ended(): LoggedEvent | undefined {
    return this.#ended;
  }

  /** When something last happened that a listener would notice: audible audio, any other event, or {@link stir}. */
  get stirred(): { readonly positionMs: number; readonly atMs: number } {
    return this.#stirred;
  }

  stir(): void {
    this.#stirred = { positionMs: this.#options.positionMs(), atMs: performance.now() };
  }

  markStart(): void {
    this.#startedAt = this.#events.length;
    this.stir();
  }

  voicedSince(mark: number): string | undefined {
    for (let index = mark; index < this.#events.length; index += 1) {
      const logged = this.#events[index];
      if (logged?.voiced && logged.event.type === 'audio') return logged.event.responseId;
    }
    return undefined;
  }

  eventSince<Type extends FlavorEvent['type']>(mark: number, type: Type): EventOf<Type> | undefined {
    for (let index = mark; index < this.#events.length; index += 1) {
      const event = this.#events[index]?.event;
      if (event !== undefined && isOfType(event, type)) return event;
    }
    return undefined;
  }

  async #read(): Promise<void> {
    const iterator = this.#options.events[Symbol.asyncIterator]();
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        this.#receive(next.value);
        if (next.value.type === 'end') break;
      }
      const after = await outcome(iterator.next(), FINISH_MS);
      if (after.state === 'pending') this.#afterEnd = 'never finished';
      else if (after.state === 'resolved' && !after.value.done) this.#afterEnd = 'more events';
    } catch (error) {
      this.thrown.push({ method: 'events', error });
    }
  }

  #receive(event: FlavorEvent): void {
    const audio = event.type === 'audio' && byteLength(event.data) > 0 ? event.data : undefined;
    const logged: LoggedEvent = {
      event,
      positionMs: this.#options.positionMs(),
      atMs: performance.now(),
      voiced: audio !== undefined && isVoiced(audio, this.#options.output),
      copy: this.#options.keepEvents ? audio?.slice() : undefined,
    };
    if (logged.voiced || event.type !== 'audio') this.stir();
    if (this.#options.keepEvents || event.type === 'end') this.#events.push(logged);
    if (event.type === 'end') this.#ended ??= logged;
    this.#options.onEvent(logged);
  }
}

/** Bytes of what should be a `Uint8Array`; 0 for anything else, which check 7 reports. */
export function byteLength(data: unknown): number {
  return data instanceof Uint8Array ? data.length : 0;
}

function isOfType<Type extends FlavorEvent['type']>(event: FlavorEvent, type: Type): event is EventOf<Type> {
  return event.type === type;
}

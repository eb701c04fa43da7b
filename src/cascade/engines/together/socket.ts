import type { Clock, TimerHandle } from '../../../base/clock.js';
import { EventStream } from '../../stages/event-stream.js';
import type { HostGuard } from '../shared/host-guard.js';
import { ProviderSocket } from '../shared/provider-socket.js';
import type { SharedTls } from '../shared/shared-tls.js';
import { late } from '../speech-server/failures.js';
import { type TogetherEvent, togetherEvent } from './events.js';
import { socketFailures, TOGETHER } from './failures.js';

export interface TogetherSocketOptions {
  readonly url: URL;
  readonly apiKey: string;
  readonly connectTimeoutMs: number;
  /** Until speech comes, or goes on, ms. */
  readonly answerTimeoutMs: number;
  readonly clock: Clock;
  readonly tls: SharedTls;
  readonly guard?: HostGuard | undefined;
}

type PartEvent = { readonly type: 'part'; readonly bytes: Buffer } | { readonly type: 'end'; readonly error?: unknown };

/** A second of speech in base64, many times over. */
const MAX_MESSAGE_BYTES = 8 * 1_048_576;
/** For a sentence that the service has made two of, ms: nothing tells which is the last. */
const GRACE_MS = 150;
/** A connection that has been silent for so long after a text owes nothing more of it, ms. */
const REST_MS = 1_000;
/** Nobody keeps a connection that nobody uses for longer, ms. */
const IDLE_MS = 30_000;

/**
 * One connection, which speaks one text at a time: messages say what sentence they are of, but not of what text. One
 * that was interrupted is not used again, since what was being made keeps coming.
 */
export class TogetherSocket {
  readonly #options: TogetherSocketOptions;
  #socket: ProviderSocket | undefined;
  #parts: EventStream<PartEvent> | undefined;
  /** Sentences of the text at hand. Each is committed for itself, so that as many, or more, are said to be over. */
  #expected = 0;
  /** Sentences that have begun, and those that are over. */
  readonly #open = new Set<string>();
  readonly #over = new Set<string>();
  #timer: TimerHandle | undefined;
  #rested = false;

  private constructor(options: TogetherSocketOptions) {
    this.#options = options;
  }

  /** @throws FlavorError that says why there is none; `signal.reason` */
  static async connect(options: TogetherSocketOptions, signal: AbortSignal): Promise<TogetherSocket> {
    const made = new TogetherSocket(options);
    const { url, apiKey, connectTimeoutMs: timeoutMs, clock, tls, guard } = options;
    const headers = { authorization: `Bearer ${apiKey}` };
    const maxMessageBytes = MAX_MESSAGE_BYTES;
    made.#socket = await ProviderSocket.connect(
      { url, headers, timeoutMs, maxMessageBytes, clock, tls, guard, failures: socketFailures },
      {
        onText: (text) => made.#onText(text),
        // All is JSON; what is not does no harm.
        onBinary: () => {},
        onLost: (error) => made.#end(error),
      },
      signal,
    );
    return made;
  }

  /** Another text may be given, to be spoken at once: from then on it is not free. A new one is its maker's. */
  get free(): boolean {
    return this.#socket?.alive === true && this.#parts === undefined && this.#rested;
  }

  get alive(): boolean {
    return this.#socket?.alive === true;
  }

  /** The samples' bytes of a text. Leaving the loop early closes the connection. @throws FlavorError; `signal.reason` */
  async *speak(text: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const parts = new EventStream<PartEvent>();
    this.#parts = parts;
    const sentences = sentencesOf(text);
    this.#expected = sentences.length;
    this.#open.clear();
    this.#over.clear();
    this.#rested = false;
    const onAbort = (): void => parts.push({ type: 'end', error: signal.reason });
    signal.addEventListener('abort', onAbort, { once: true });
    let whole = false;
    try {
      signal.throwIfAborted();
      for (const sentence of sentences) {
        this.#socket?.send(JSON.stringify({ type: 'input_text_buffer.append', text: sentence }));
        this.#socket?.send(JSON.stringify({ type: 'input_text_buffer.commit' }));
      }
      this.#expect();
      if (!this.alive) throw socketFailures.closed(1006, '');
      for await (const event of parts) {
        signal.throwIfAborted();
        if (event.type === 'part') yield event.bytes;
        else if (event.error !== undefined) throw event.error;
      }
      whole = true;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#parts = undefined;
      if (whole) this.#rest();
      else this.close();
    }
  }

  /** Whoever listens is told. */
  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#socket?.close();
    this.#parts?.push({ type: 'end', error: socketFailures.closed(1000, '') });
  }

  #onText(text: string): void {
    let event: TogetherEvent;
    try {
      event = togetherEvent(text);
    } catch (error) {
      this.#end(error);
      return;
    }
    if (this.#parts === undefined) {
      // Of a text that was thought to be over: whatever follows cannot be told from the next one's.
      if (event.type !== 'other') this.close();
      return;
    }
    if (event.type === 'audio') {
      // What comes of a sentence that is over is too late.
      if (this.#over.has(event.item)) return;
      this.#open.add(event.item);
      if (event.bytes.length > 0) this.#parts.push({ type: 'part', bytes: event.bytes });
    } else if (event.type === 'done') {
      this.#open.delete(event.item);
      this.#over.add(event.item);
    }
    if (this.#open.size > 0 || this.#over.size < this.#expected) this.#expect();
    else this.#arm(GRACE_MS, () => this.#end());
  }

  #expect(): void {
    this.#arm(this.#options.answerTimeoutMs, () => this.#end(late(TOGETHER, 'to go on')));
  }

  #end(error?: unknown): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#parts?.push({ type: 'end', ...(error !== undefined && { error }) });
    if (this.#parts === undefined && error !== undefined) this.close();
  }

  /** Waits until it is certain that nothing more comes, and then for somebody to need the connection. */
  #rest(): void {
    this.#arm(REST_MS, () => {
      this.#rested = true;
      this.#arm(IDLE_MS, () => this.close());
    });
  }

  #arm(ms: number, then: () => void): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(then, ms);
  }
}

/**
 * The sentences of a text. Abbreviations count as ends: the service may take them for such, and must not make more of a
 * sentence than was counted.
 */
export function sentencesOf(text: string): readonly string[] {
  return text
    .trim()
    .split(/(?<=[.!?…]["'”’)\]]{0,4})\s+|\n+/)
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

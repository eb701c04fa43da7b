import { isTokenCode } from '../../message/lexical.js';
import { messageLimits } from '../../message/limits.js';
import { readHead } from '../../message/message-head.js';

/** What a {@link FrameReader} tells, synchronously and in the order of the stream. */
export interface FrameSink {
  /** One whole message, or (just before `broken`) as much of one as an answer can be built from. Own memory. */
  message(bytes: Buffer): void;
  /** A keep-alive between messages: two CRLF (RFC 5626 section 3.5.1). One CRLF is the answer. */
  ping(): void;
  /** The end of the next message cannot be told: close the connection. Nothing is read after this. */
  broken(reason: string): void;
}

const CR = 0x0d;
const LF = 0x0a;
const END_OF_HEAD = Buffer.from('\r\n\r\n', 'latin1');
const nothing: Buffer = Buffer.alloc(0);

/**
 * Cuts a byte stream into SIP messages (RFC 3261 section 18.3): head up to the first empty line, then Content-Length
 * bytes. The result does not depend on how the stream was cut into chunks; work is linear in the bytes fed. At most
 * head and body limit of `messageLimits` are held, and only what has really arrived; nothing is held between messages.
 *
 * Where a message's end is uncertain (no Content-Length, none that is a number, two that differ, one above the limit,
 * a head above its limit, a line that cannot be read) the head goes to `message`, for `parseMessage` to find the same
 * mistake and its status, and `broken` follows: reading on would let a sender smuggle one request inside another.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** Bytes of an unfinished message; grows by doubling. */
  #buffer: Buffer = nothing;
  #held = 0;
  /** Where the search for the end of the head goes on, relative to the start of the unfinished message. */
  #searched = 0;
  /** Length of the unfinished message once its head is known. */
  #total: number | undefined;
  #lineFeeds = 0;
  #broken = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether part of a message has arrived and the rest is awaited. */
  get pending(): boolean {
    return this.#held > 0;
  }

  /** Takes the next bytes of the stream. The chunk must not be changed afterwards: messages may be views of it. */
  feed(chunk: Buffer): void {
    if (this.#broken) return;
    const owned = this.#held === 0;
    const data = owned ? chunk : this.#grow(chunk);
    const rest = this.#cut(data, owned);
    if (this.#broken || rest === data.length) this.#release();
    else this.#keep(data, rest, owned);
  }

  /** Hands out every whole message in `data`; returns where the unfinished one begins. */
  #cut(data: Buffer, owned: boolean): number {
    let start = 0;
    for (;;) {
      if (this.#searched === 0 && this.#total === undefined) start = this.#skipLineEnds(data, start);
      if (start === data.length || this.#broken) return start;
      const end = this.#endOfMessage(data, start);
      if (end === undefined) return start;
      this.#searched = 0;
      this.#total = undefined;
      this.#sink.message(own(data.subarray(start, end), owned));
      start = end;
    }
  }

  /** Skips CRLFs between messages, counting pairs as pings. A byte that can start no message breaks the stream. */
  #skipLineEnds(data: Buffer, from: number): number {
    let index = from;
    for (; index < data.length; index += 1) {
      const byte = data[index] ?? 0;
      if (byte === LF) {
        this.#lineFeeds += 1;
        if (this.#lineFeeds % 2 === 0) this.#sink.ping();
      } else if (byte !== CR) {
        this.#lineFeeds = 0;
        if (!isTokenCode(byte)) this.#break('neither a message nor a keep-alive');
        break;
      }
    }
    return index;
  }

  /** Index after the message that begins at `start`; `undefined` when more is needed or the stream is broken. */
  #endOfMessage(data: Buffer, start: number): number | undefined {
    if (this.#total === undefined) {
      const found = data.indexOf(END_OF_HEAD, start + this.#searched);
      const headEnd = found < 0 ? undefined : found + END_OF_HEAD.length;
      if ((headEnd ?? data.length) - start > messageLimits.headBytes) {
        return this.#breakAfter(data.subarray(start, start + messageLimits.headBytes + 1), 'head too long');
      }
      if (headEnd === undefined) {
        // The last three bytes may be the beginning of the empty line.
        this.#searched = Math.max(1, data.length - start - (END_OF_HEAD.length - 1));
        return undefined;
      }
      const head = data.subarray(start, headEnd);
      const { bodyStart, contentLength, ambiguous } = readHead(head);
      if (ambiguous || bodyStart !== head.length) return this.#breakAfter(head, 'malformed header lines');
      if (typeof contentLength !== 'number') return this.#breakAfter(head, `Content-Length ${contentLength}`);
      if (contentLength > messageLimits.bodyBytes) return this.#breakAfter(head, 'body too long');
      this.#total = head.length + contentLength;
    }
    const end = start + this.#total;
    return end <= data.length ? end : undefined;
  }

  #breakAfter(bytes: Buffer, reason: string): undefined {
    this.#sink.message(Buffer.from(bytes));
    this.#break(reason);
  }

  #break(reason: string): void {
    this.#broken = true;
    this.#sink.broken(reason);
  }

  /** Appends `chunk` to what is held and returns all of it. */
  #grow(chunk: Buffer): Buffer {
    const needed = this.#held + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#held);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#held);
    this.#held = needed;
    return this.#buffer.subarray(0, needed);
  }

  /** Holds the unfinished message, which begins at `start` of `data`, at the front of the buffer. */
  #keep(data: Buffer, start: number, owned: boolean): void {
    this.#held = data.length - start;
    if (owned) this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#held, 1_024));
    // Moving what is in place already would make a message fed byte by byte quadratic.
    if (owned || start > 0) data.copy(this.#buffer, 0, start);
  }

  #release(): void {
    this.#buffer = nothing;
    this.#held = 0;
  }
}

/** A message cut from the holding buffer is copied, since that buffer will be written over. */
function own(bytes: Buffer, owned: boolean): Buffer {
  return owned ? bytes : Buffer.from(bytes);
}

import { type ReadableStream, TransformStream } from 'node:stream/web';
import type { Clock } from '../base/clock.js';
import { ConnectorError } from '../base/connector-error.js';
import { PerSecond } from '../base/per-second.js';

/** Of an event stream, within a second: each costs whoever reads them as much as a whole event, also an empty one. */
const MAX_LINES_PER_SECOND = 5_000;

export interface BodyLimit {
  /** For messages. */
  readonly host: string;
  readonly maxBytes: number;
}

/**
 * Reads a body as UTF-8. Throws `ERR_HTTP_TOO_LARGE` as soon as more than `maxBytes` have come; leaving the loop closes
 * the stream.
 */
export async function readText(body: AsyncIterable<Uint8Array>, limit: BodyLimit): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limit.maxBytes) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/**
 * A body that fails when it grows beyond its limit; an event stream may last for ever, one of its events may not, nor may
 * it be a flood of lines.
 */
export function boundedBody(
  body: ReadableStream<Uint8Array>,
  limit: BodyLimit & { readonly isStream: boolean },
  clock: Clock,
): ReadableStream<Uint8Array> {
  const rate = new PerSecond(MAX_LINES_PER_SECOND, clock.now());
  let bytes = 0;
  let lineIsEmpty = false;
  let afterReturn = false;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        let lines = 0;
        for (const byte of chunk) {
          bytes += 1;
          if (!limit.isStream) continue;
          // A line ends with LF, CR or both, and a blank one ends an event (WHATWG HTML section 9.2.5).
          const isSecondHalf = byte === LINE_FEED && afterReturn;
          afterReturn = byte === CARRIAGE_RETURN;
          if (isSecondHalf) continue;
          const isEnd = afterReturn || byte === LINE_FEED;
          if (isEnd) lines += 1;
          if (isEnd && lineIsEmpty) bytes = 0;
          lineIsEmpty = isEnd;
        }
        if (bytes > limit.maxBytes) controller.error(tooLarge(limit));
        else if (!rate.take(lines, clock.now())) controller.error(tooFast(limit));
        else controller.enqueue(chunk);
      },
    }),
  );
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function tooFast({ host }: BodyLimit): ConnectorError {
  return new ConnectorError(
    'ERR_HTTP_TOO_LARGE',
    `${host} sends more than ${MAX_LINES_PER_SECOND} lines of events a second`,
  );
}

function tooLarge({ host, maxBytes }: BodyLimit): ConnectorError {
  return new ConnectorError('ERR_HTTP_TOO_LARGE', `${host} answers with more than ${maxBytes} bytes`);
}

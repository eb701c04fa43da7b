import { type ReadableStream, TransformStream } from 'node:stream/web';
import { ConnectorError } from '../base/connector-error.js';

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

/** A body that fails when it grows beyond its limit; an event stream may last for ever, one of its events may not. */
export function boundedBody(
  body: ReadableStream<Uint8Array>,
  limit: BodyLimit & { readonly isStream: boolean },
): ReadableStream<Uint8Array> {
  let bytes = 0;
  let lineIsEmpty = false;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        for (const byte of chunk) {
          bytes += 1;
          if (!limit.isStream || byte === CARRIAGE_RETURN) continue;
          // A blank line ends an event (WHATWG HTML section 9.2.5).
          if (byte === LINE_FEED && lineIsEmpty) bytes = 0;
          lineIsEmpty = byte === LINE_FEED;
        }
        if (bytes > limit.maxBytes) controller.error(tooLarge(limit));
        else controller.enqueue(chunk);
      },
    }),
  );
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function tooLarge({ host, maxBytes }: BodyLimit): ConnectorError {
  return new ConnectorError('ERR_HTTP_TOO_LARGE', `${host} answers with more than ${maxBytes} bytes`);
}

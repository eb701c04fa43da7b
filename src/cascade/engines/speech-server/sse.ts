import { createParser } from 'eventsource-parser';
import { protocolFault } from './failures.js';

/** One event's longest text, characters: a chunk of half a minute of speech in base64 has two millions. */
const MAX_EVENT_CHARACTERS = 8 * 1_048_576;
/** Lines of a body that mean nothing. The parser makes an error with a stack of each: 64 kB of them would take 200 ms. */
const MAX_FOREIGN_LINES = 1_000;
/** Each event makes up for so many: fields that nobody knows are to be passed over, however long the stream is. */
const FOREIGN_LINES_AN_EVENT = 10;

export interface ServerEvent {
  /** The name in its `event:` line, '' without one. */
  readonly event: string;
  readonly data: string;
}

/**
 * Server-sent events (WHATWG HTML section 9.2) out of a body, as they come. What is left unfinished at its end is no
 * event.
 *
 * @param who The server in messages.
 * @throws FlavorError for an event that is too long, and for a body of other lines; what the body throws.
 */
export async function* serverEvents(
  who: string,
  body: AsyncIterable<Uint8Array>,
  maxCharacters: number = MAX_EVENT_CHARACTERS,
): AsyncGenerator<ServerEvent, void, undefined> {
  const events: ServerEvent[] = [];
  let tooLong = false;
  let foreignLines = 0;
  const parser = createParser({
    maxBufferSize: maxCharacters,
    onEvent: ({ event, data }) => {
      foreignLines = Math.max(0, foreignLines - FOREIGN_LINES_AN_EVENT);
      events.push({ event: event ?? '', data });
    },
    onError: ({ type }) => {
      tooLong ||= type === 'max-buffer-size-exceeded';
      foreignLines += 1;
      if (foreignLines > MAX_FOREIGN_LINES) throw protocolFault(who, 'something that is no server-sent events');
    },
  });
  // A character of several bytes may be cut in two. The decoder takes a byte order mark away.
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* events.splice(0);
    if (tooLong) throw protocolFault(who, 'an event that is too long');
  }
}

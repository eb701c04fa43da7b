import type { ServerEvent } from './server-event.js';

export type AudioEvent = Extract<ServerEvent, { readonly type: 'audio' }>;

/** Printable ASCII without quote and backslash, as long as an id may be: what stands for itself in JSON. */
const ID = '([ !#-[\\]-~]{1,200})';
const MAX_ID_BYTES = 200;
const TYPE = '"type":"response\\.(?:output_)?audio\\.delta"';

/** All that stands before the audio, as the service writes it. */
const HEAD = new RegExp(
  `^\\{(?:${TYPE},"event_id":"${ID}"|"event_id":"${ID}",${TYPE}),"response_id":"${ID}","item_id":"${ID}",` +
    '"output_index":\\d{1,6},"content_index":\\d{1,6},"delta":"',
);
/** No head is longer than this, bytes: three ids and the words around them. */
const MAX_HEAD_BYTES = 800;
const EVENT_ID = '"event_id":"';
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;
const BRACE = 0x7d;

/** A head that was read once: those of a response differ in the id of the event alone. */
interface Head {
  /** What stands before that id, and behind it. */
  readonly before: Buffer;
  readonly behind: Buffer;
  readonly responseId: string;
  readonly itemId: string;
}

/** Finds the audio in the messages of a connection. */
export class AudioDeltaReader {
  #head: Head | undefined;

  /**
   * Hot path: the audio in a message of exactly the shape that the service has for it, found without parsing. `undefined`
   * for anything else, audio in another shape included: {@link readServerEvent} knows all of JSON, and reads the same in
   * what is found here.
   */
  read(message: Buffer): AudioEvent | undefined {
    let head = this.#head;
    let idEnd = head === undefined ? -1 : idEndOf(message, head);
    if (head === undefined || idEnd < 0) {
      head = readHead(message);
      if (head === undefined) return undefined;
      this.#head = head;
      idEnd = idEndOf(message, head);
    }
    const { before, behind, responseId, itemId } = head;
    const start = idEnd + behind.length;
    const end = message.length - 2;
    // The first quote behind the audio's own ends the message.
    if (end < start || message[end + 1] !== BRACE || message.indexOf(QUOTE, start) !== end) return undefined;
    const audio = message.toString('latin1', start, end);
    if (audio.includes('\\')) return undefined;
    return { type: 'audio', eventId: message.toString('latin1', before.length, idEnd), responseId, itemId, audio };
  }
}

/** Where the id of the event ends, if the message begins as the head does with another id in it; -1 if not. */
function idEndOf(message: Buffer, { before, behind }: Head): number {
  let at = before.length;
  for (let index = 0; index < at; index += 1) if (message[index] !== before[index]) return -1;
  const limit = at + MAX_ID_BYTES;
  for (; at <= limit; at += 1) {
    const byte = message[at];
    if (byte === QUOTE) break;
    if (byte === undefined || byte < SPACE || byte > TILDE || byte === BACKSLASH) return -1;
  }
  if (at === before.length || at > limit) return -1;
  for (let index = 0; index < behind.length; index += 1) if (message[at + index] !== behind[index]) return -1;
  return at;
}

function readHead(message: Buffer): Head | undefined {
  const found = HEAD.exec(message.toString('latin1', 0, MAX_HEAD_BYTES));
  if (found === null) return undefined;
  const [text, eventId, otherEventId, responseId, itemId] = found;
  if (responseId === undefined || itemId === undefined) return undefined;
  const from = text.indexOf(EVENT_ID) + EVENT_ID.length;
  const to = from + (eventId ?? otherEventId ?? '').length;
  // Copies: a part of a string keeps all of it, and of these the session keeps some.
  return {
    before: bytesOf(text.slice(0, from)),
    behind: bytesOf(text.slice(to)),
    responseId: Buffer.from(responseId, 'latin1').toString('latin1'),
    itemId: Buffer.from(itemId, 'latin1').toString('latin1'),
  };
}

/** With memory of their own: in that which `Buffer.from` shares out they would keep 8 kB for as long as the connection lasts. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.alloc(text.length);
  bytes.write(text, 'latin1');
  return bytes;
}

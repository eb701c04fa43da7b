import type { ServerEvent } from './server-event.js';

export type AudioEvent = Extract<ServerEvent, { readonly type: 'audio' }>;

/** Printable ASCII without quote and backslash, as long as an id may be: what stands for itself in JSON. */
const ID = '([ !#-[\\]-~]{1,200})';
const TYPE = '"type":"response\\.(?:output_)?audio\\.delta"';

/** All that stands before the audio, as the service writes it. */
const HEAD = new RegExp(
  `^\\{(?:${TYPE},"event_id":"${ID}"|"event_id":"${ID}",${TYPE}),"response_id":"${ID}","item_id":"${ID}",` +
    '"output_index":\\d{1,6},"content_index":\\d{1,6},"delta":"',
);
/** No head is longer than this, bytes: three ids and the words around them. */
const MAX_HEAD_BYTES = 800;
const QUOTE = 0x22;
const BRACE = 0x7d;

/**
 * Hot path: the audio in a message of exactly the shape that the service has for it, found without parsing. `undefined`
 * for anything else, audio in another shape included: {@link readServerEvent} knows all of JSON, and reads the same in what is found here.
 */
export function readAudioDelta(message: Buffer): AudioEvent | undefined {
  const head = HEAD.exec(message.toString('latin1', 0, MAX_HEAD_BYTES));
  if (head === null) return undefined;
  const [{ length: start }, eventId, otherEventId, responseId, itemId] = head;
  const end = message.length - 2;
  // The first quote behind the audio's own ends the message.
  if (end < start || message[end + 1] !== BRACE || message.indexOf(QUOTE, start) !== end) return undefined;
  const audio = message.toString('latin1', start, end);
  if (audio.includes('\\') || responseId === undefined || itemId === undefined) return undefined;
  return { type: 'audio', eventId: eventId ?? otherEventId ?? '', responseId, itemId, audio };
}

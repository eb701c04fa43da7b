import { base64Bytes } from '../hosted/output.js';
import { isObject, objectIn, parseJson, textIn } from '../shared/json.js';
import { brokenOff, protocolFault } from '../speech-server/failures.js';
import { serverEvents } from '../speech-server/sse.js';
import { reportedFailure, TOGETHER } from './failures.js';

/** What the wire means by one message, whichever of its two shapes it has. */
export type TogetherEvent =
  | { readonly type: 'audio'; readonly item: string; readonly bytes: Buffer }
  /** A sentence is over; over HTTP there is no such event. */
  | { readonly type: 'done'; readonly item: string }
  /** Nothing that speech is made of: times of words, receipts. */
  | { readonly type: 'other' };

/**
 * One message. The specification and the SDKs have `{"object": "audio.tts.chunk", "b64"}`, documents and the service
 * `{"type": "conversation.item.audio_output.delta", "item_id", "delta"}`; both are about.
 *
 * @throws FlavorError for an error that is reported, and for what is none of Together's messages
 */
export function togetherEvent(text: string): TogetherEvent {
  const message = parseJson(text);
  if (!isObject(message)) throw protocolFault(TOGETHER, 'a message that is no JSON');
  const type = textIn(message, 'type') || textIn(message, 'object');
  if (isObject(message['error'])) throw reportedFailure(objectIn(message, 'error'));
  switch (type) {
    case 'audio.tts.chunk':
    case 'conversation.item.audio_output.delta': {
      const coded = textIn(message, 'b64') || textIn(message, 'delta');
      const bytes = coded === '' ? Buffer.alloc(0) : base64Bytes(coded);
      if (bytes === undefined) throw protocolFault(TOGETHER, 'samples that are no base64');
      return { type: 'audio', item: textIn(message, 'item_id'), bytes };
    }
    case 'conversation.item.audio_output.done':
      return { type: 'done', item: textIn(message, 'item_id') };
    case 'conversation.item.tts.failed':
    case 'error':
      throw reportedFailure({});
    default:
      return { type: 'other' };
  }
}

/** The samples' bytes out of server-sent events. @throws FlavorError also for an end without `[DONE]` */
export async function* streamedParts(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { data } of serverEvents(TOGETHER, body)) {
    if (data === '[DONE]') return;
    const event = togetherEvent(data);
    if (event.type === 'audio' && event.bytes.length > 0) yield event.bytes;
  }
  throw brokenOff(TOGETHER);
}

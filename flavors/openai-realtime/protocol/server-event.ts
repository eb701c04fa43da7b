import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import type { WireError } from './errors.js';
import { argumentsIn, countIn, isObject, type JsonObject, objectIn, parseJson, textIn } from './json.js';
import { type ResponseUsage, responseUsage, type TranscriptionUsage, transcriptionUsage } from './usage.js';

export type ResponseStatus = 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** An item of a response, as far as it matters here. */
export type OutputItem =
  | { readonly kind: 'message'; readonly id: string; readonly whole: boolean }
  | {
      readonly kind: 'call';
      readonly id: string;
      readonly whole: boolean;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | { readonly kind: 'other'; readonly id: string; readonly whole: boolean };

/** What the service says, in one vocabulary for both dialects. Times are of the session's own audio clock. */
export type ServerEvent =
  | { readonly type: 'session-created' }
  | { readonly type: 'session-updated' }
  | { readonly type: 'error'; readonly error: WireError }
  | { readonly type: 'speech-started'; readonly itemId: string; readonly atMs: number }
  | { readonly type: 'speech-stopped'; readonly itemId: string; readonly atMs: number }
  | { readonly type: 'committed'; readonly itemId: string }
  | { readonly type: 'item-added'; readonly itemId: string }
  /** `text` adds to what came before, or with `whole` takes its place. */
  | { readonly type: 'caller-words'; readonly itemId: string; readonly text: string; readonly whole: boolean }
  | {
      readonly type: 'caller-text';
      readonly itemId: string;
      readonly text: string;
      readonly usage: TranscriptionUsage | undefined;
    }
  | { readonly type: 'caller-text-failed'; readonly itemId: string }
  | { readonly type: 'response-created'; readonly responseId: string; readonly requestId: string }
  | { readonly type: 'output-item'; readonly responseId: string; readonly item: OutputItem; readonly done: boolean }
  | {
      readonly type: 'audio';
      readonly eventId: string;
      readonly responseId: string;
      readonly itemId: string;
      readonly audio: string;
    }
  /** `itemId`: the message that has them; empty where it is not named. */
  | { readonly type: 'agent-words'; readonly responseId: string; readonly itemId: string; readonly text: string }
  /** Text where speech was asked for. */
  | { readonly type: 'mute-words'; readonly responseId: string }
  | {
      readonly type: 'response-done';
      readonly responseId: string;
      readonly status: ResponseStatus;
      /** Why it is not whole: `max_output_tokens`, `content_filter`; '' where nothing is said of it. */
      readonly reason: string;
      readonly error: Pick<WireError, 'type' | 'code' | 'param'>;
      readonly usage: ResponseUsage | undefined;
    };

/** Of no use here, or of a later version of the protocol. */
export type Ignored = 'ignored';
/** Not what the protocol allows. */
export type Unreadable = 'unreadable';

/** Where a response's metadata carries the request that asked for it. */
export const REQUEST_KEY = 'request';

/** Longest id that is believed to be one. */
const ID_LENGTH = 200;

type Reader = (event: JsonObject) => ServerEvent | Unreadable;

const audio: Reader = (event) => {
  const delta = event['delta'];
  if (typeof delta !== 'string') return 'unreadable';
  return withIds(event, ['response_id', 'item_id'], ([responseId, itemId]) => {
    return { type: 'audio', eventId: textIn(event, 'event_id'), responseId, itemId, audio: delta };
  });
};

const agentWords: Reader = (event) => {
  const delta = event['delta'];
  if (typeof delta !== 'string') return 'unreadable';
  const itemId = textIn(event, 'item_id');
  return withIds(event, ['response_id'], ([responseId]) => ({ type: 'agent-words', responseId, itemId, text: delta }));
};

const muteWords: Reader = (event) => {
  return withIds(event, ['response_id'], ([responseId]) => ({ type: 'mute-words', responseId }));
};

const itemAdded: Reader = (event) => {
  return withIds(objectIn(event, 'item'), ['id'], ([itemId]) => ({ type: 'item-added', itemId }));
};

/** By the name on the wire; names of the beta dialect stand beside those that replaced them. */
const readers: ReadonlyMap<string, Reader> = new Map<RealtimeServerEvent['type'] | BetaName, Reader>([
  ['session.created', () => ({ type: 'session-created' })],
  ['session.updated', () => ({ type: 'session-updated' })],
  ['error', errorEvent],
  ['input_audio_buffer.speech_started', (event) => speech(event, 'speech-started', 'audio_start_ms')],
  ['input_audio_buffer.speech_stopped', (event) => speech(event, 'speech-stopped', 'audio_end_ms')],
  [
    'input_audio_buffer.committed',
    (event) => withIds(event, ['item_id'], ([itemId]) => ({ type: 'committed', itemId })),
  ],
  ['conversation.item.added', itemAdded],
  ['conversation.item.created', itemAdded],
  ['conversation.item.input_audio_transcription.delta', (event) => callerWords(event, 'delta', false)],
  ['input_audio_buffer.partial_transcription', (event) => callerWords(event, 'transcript', true)],
  ['conversation.item.input_audio_transcription.completed', callerText],
  [
    'conversation.item.input_audio_transcription.failed',
    (event) => withIds(event, ['item_id'], ([itemId]) => ({ type: 'caller-text-failed', itemId })),
  ],
  ['response.created', responseCreated],
  ['response.output_item.added', (event) => outputItem(event, false)],
  ['response.output_item.done', (event) => outputItem(event, true)],
  ['response.output_audio.delta', audio],
  ['response.audio.delta', audio],
  ['response.output_audio_transcript.delta', agentWords],
  ['response.audio_transcript.delta', agentWords],
  ['response.output_text.delta', muteWords],
  ['response.text.delta', muteWords],
  ['response.done', responseDone],
]);

/** Names that general availability dropped, and one that speaches has of its own. */
type BetaName =
  | 'response.audio.delta'
  | 'response.audio_transcript.delta'
  | 'response.text.delta'
  | 'input_audio_buffer.partial_transcription';

/**
 * Reads one message. Everything in it is checked; nothing of it is trusted.
 *
 * @param isRepeated asked with the id of an event that is of use, if it has one, and all of its text: a repetition is ignored.
 * Not asked about audio, which is long, and is looked at for repetitions where it is heard.
 */
export function readServerEvent(
  text: string,
  isRepeated: (eventId: string, text: string) => boolean = () => false,
): ServerEvent | Ignored | Unreadable {
  const event = parseJson(text);
  if (!isObject(event) || typeof event['type'] !== 'string') return 'unreadable';
  const reader = readers.get(event['type']);
  if (reader === undefined) return 'ignored';
  const eventId = textIn(event, 'event_id');
  const known = reader !== audio && eventId !== '' && eventId.length <= ID_LENGTH && isRepeated(eventId, text);
  return known ? 'ignored' : reader(event);
}

function withIds<const Keys extends readonly string[]>(
  event: JsonObject,
  keys: Keys,
  make: (ids: { [Key in keyof Keys]: string }) => ServerEvent,
): ServerEvent | Unreadable {
  const ids = keys.map((key) => textIn(event, key));
  if (ids.some((id) => id === '' || id.length > ID_LENGTH)) return 'unreadable';
  return make(ids as { [Key in keyof Keys]: string });
}

function speech(event: JsonObject, type: 'speech-started' | 'speech-stopped', key: string): ServerEvent | Unreadable {
  if (typeof event[key] !== 'number') return 'unreadable';
  return withIds(event, ['item_id'], ([itemId]) => ({ type, itemId, atMs: countIn(event, key) }));
}

function callerWords(event: JsonObject, key: string, whole: boolean): ServerEvent | Unreadable {
  return withIds(event, ['item_id'], ([itemId]) => {
    return { type: 'caller-words', itemId, text: textIn(event, key), whole };
  });
}

function callerText(event: JsonObject): ServerEvent | Unreadable {
  const text = event['transcript'];
  if (typeof text !== 'string') return 'unreadable';
  return withIds(event, ['item_id'], ([itemId]) => {
    return { type: 'caller-text', itemId, text, usage: transcriptionUsage(event['usage']) };
  });
}

function errorEvent(event: JsonObject): ServerEvent | Unreadable {
  const { error } = event;
  if (!isObject(error)) return 'unreadable';
  const eventId = textIn(error, 'event_id');
  return {
    type: 'error',
    error: {
      type: textIn(error, 'type'),
      code: textIn(error, 'code'),
      param: textIn(error, 'param'),
      eventId: eventId === '' ? undefined : eventId,
    },
  };
}

function responseCreated(event: JsonObject): ServerEvent | Unreadable {
  const response = objectIn(event, 'response');
  return withIds(response, ['id'], ([responseId]) => {
    return { type: 'response-created', responseId, requestId: textIn(objectIn(response, 'metadata'), REQUEST_KEY) };
  });
}

function outputItem(event: JsonObject, done: boolean): ServerEvent | Unreadable {
  const raw = objectIn(event, 'item');
  const id = textIn(raw, 'id');
  if (id === '' || id.length > ID_LENGTH) return 'unreadable';
  const whole = done && textIn(raw, 'status') !== 'incomplete';
  const item = itemOf(raw, id, whole);
  return withIds(event, ['response_id'], ([responseId]) => ({ type: 'output-item', responseId, item, done }));
}

function itemOf(raw: JsonObject, id: string, whole: boolean): OutputItem {
  if (raw['type'] === 'message') return { kind: 'message', id, whole };
  if (raw['type'] !== 'function_call') return { kind: 'other', id, whole };
  const callId = textIn(raw, 'call_id').slice(0, ID_LENGTH);
  return { kind: 'call', id, whole, callId, name: textIn(raw, 'name'), arguments: argumentsIn(raw) };
}

function responseDone(event: JsonObject): ServerEvent | Unreadable {
  const response = objectIn(event, 'response');
  const details = objectIn(response, 'status_details');
  const error = objectIn(details, 'error');
  const status = response['status'];
  return withIds(response, ['id'], ([responseId]) => ({
    type: 'response-done',
    responseId,
    status: status === 'cancelled' || status === 'incomplete' || status === 'failed' ? status : 'completed',
    reason: textIn(details, 'reason'),
    error: { type: textIn(error, 'type'), code: textIn(error, 'code'), param: '' },
    usage: responseUsage(response['usage']),
  }));
}

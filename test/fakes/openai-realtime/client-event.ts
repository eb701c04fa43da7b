import * as z from 'zod';
import { isObject, type JsonObject } from './json-value.js';
import { invalidValue, missingParameter, type Refusal, refusal } from './refusal.js';
import { refusalOf } from './schema-refusal.js';
import { responseParameters } from './session-schema.js';

const eventId = z.string().max(512).optional();
const status = z.enum(['completed', 'incomplete', 'in_progress']).optional();
const common = { id: z.string().min(1).max(64).optional(), object: z.literal('realtime.item').optional(), status };

const userPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.strictObject({ type: z.literal('input_audio'), audio: z.string().optional(), transcript: z.string().optional() }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string(),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
]);

/** An item as a client may add it. Assistant audio cannot be put in, only text (`output_text`, not the beta's `text`). */
const clientItem = z.discriminatedUnion('type', [
  z.discriminatedUnion('role', [
    z.strictObject({ ...common, type: z.literal('message'), role: z.literal('user'), content: z.array(userPart) }),
    z.strictObject({
      ...common,
      type: z.literal('message'),
      role: z.literal('system'),
      content: z.array(
        z.discriminatedUnion('type', [z.strictObject({ type: z.literal('input_text'), text: z.string() })]),
      ),
    }),
    z.strictObject({
      ...common,
      type: z.literal('message'),
      role: z.literal('assistant'),
      content: z.array(
        z.discriminatedUnion('type', [z.strictObject({ type: z.literal('output_text'), text: z.string() })]),
      ),
    }),
  ]),
  z.strictObject({
    ...common,
    type: z.literal('function_call'),
    name: z.string(),
    arguments: z.string(),
    call_id: z.string().optional(),
  }),
  z.strictObject({ ...common, type: z.literal('function_call_output'), call_id: z.string(), output: z.string() }),
]);

const clientEvents = {
  // The session itself is checked against the dialect, by updateConfig.
  'session.update': z.strictObject({ type: z.literal('session.update'), event_id: eventId, session: z.unknown() }),
  'input_audio_buffer.append': z.strictObject({
    type: z.literal('input_audio_buffer.append'),
    event_id: eventId,
    audio: z.string(),
  }),
  'input_audio_buffer.commit': z.strictObject({ type: z.literal('input_audio_buffer.commit'), event_id: eventId }),
  'input_audio_buffer.clear': z.strictObject({ type: z.literal('input_audio_buffer.clear'), event_id: eventId }),
  'conversation.item.create': z.strictObject({
    type: z.literal('conversation.item.create'),
    event_id: eventId,
    previous_item_id: z.string().nullable().optional(),
    item: clientItem,
  }),
  'conversation.item.truncate': z.strictObject({
    type: z.literal('conversation.item.truncate'),
    event_id: eventId,
    item_id: z.string(),
    content_index: z.int().min(0),
    audio_end_ms: z.int().min(0),
  }),
  'conversation.item.delete': z.strictObject({
    type: z.literal('conversation.item.delete'),
    event_id: eventId,
    item_id: z.string(),
  }),
  'conversation.item.retrieve': z.strictObject({
    type: z.literal('conversation.item.retrieve'),
    event_id: eventId,
    item_id: z.string(),
  }),
  'response.create': z.strictObject({
    type: z.literal('response.create'),
    event_id: eventId,
    response: responseParameters.optional(),
  }),
  'response.cancel': z.strictObject({
    type: z.literal('response.cancel'),
    event_id: eventId,
    response_id: z.string().optional(),
  }),
} as const;

type ClientEventType = keyof typeof clientEvents;

/** An event of the client's whose shape has been checked. */
export type ClientEvent = { [Type in ClientEventType]: z.infer<(typeof clientEvents)[Type]> }[ClientEventType];

/** The event, or why it is none, with the id that the client gave it. */
export type ParsedClientEvent =
  | { readonly event: ClientEvent }
  | { readonly refusal: Refusal; readonly eventId: string | null };

/** The `event_id` of something that may be an event of the client's. */
export function clientEventId(message: JsonObject): string | null {
  const id = message['event_id'];
  return typeof id === 'string' ? id : null;
}

/** Checks a client's message: known type, nothing missing, nothing unknown. */
export function parseClientEvent(message: unknown): ParsedClientEvent {
  if (!isObject(message)) {
    return { refusal: refusal('invalid_event', 'Invalid event: expected a JSON object.'), eventId: null };
  }
  const id = clientEventId(message);
  const type = message['type'];
  if (type === undefined) return { refusal: missingParameter('type'), eventId: id };
  if (!isClientEventType(type)) {
    return { refusal: invalidValue(type, Object.keys(clientEvents), 'type'), eventId: id };
  }
  const parsed = clientEvents[type].safeParse(message);
  if (!parsed.success) return { refusal: refusalOf(parsed.error, message, ''), eventId: id };
  return { event: parsed.data };
}

function isClientEventType(type: unknown): type is ClientEventType {
  return typeof type === 'string' && Object.hasOwn(clientEvents, type);
}

import type {
  RealtimeClientEvent,
  RealtimeConversationItemAssistantMessage,
  RealtimeConversationItemFunctionCall,
  RealtimeConversationItemFunctionCallOutput,
  RealtimeConversationItemSystemMessage,
  RealtimeConversationItemUserMessage,
  RealtimeResponseCreateParams,
} from 'openai/resources/realtime/realtime';
import type { RealtimeConfig } from '../config.js';
import { REQUEST_KEY } from './server-event.js';

/** An item of the conversation, as the connector puts it there: in the vendor's types, which are those of GA. */
export type DialogueItem =
  | RealtimeConversationItemUserMessage
  | RealtimeConversationItemAssistantMessage
  | RealtimeConversationItemSystemMessage
  | RealtimeConversationItemFunctionCall
  | RealtimeConversationItemFunctionCallOutput;

/** What goes to the service, other than audio and `session.update`. */
export type ClientEvent = RealtimeClientEvent;

export function userText(text: string): DialogueItem {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}

export function assistantText(text: string, id?: string): DialogueItem {
  const content = [{ type: 'output_text' as const, text }];
  return { type: 'message', role: 'assistant', content, ...(id !== undefined && { id }) };
}

export function systemText(text: string): DialogueItem {
  return { type: 'message', role: 'system', content: [{ type: 'input_text', text }] };
}

export function functionCall(callId: string, name: string, args: string): DialogueItem {
  return { type: 'function_call', call_id: callId, name, arguments: args };
}

export function functionOutput(callId: string, output: string): DialogueItem {
  return { type: 'function_call_output', call_id: callId, output };
}

/** Puts an item at the end of the conversation. In the beta dialect the text of an assistant has another type. */
export function createItem(item: DialogueItem, dialect: RealtimeConfig['dialect']): object {
  const event: ClientEvent = { type: 'conversation.item.create', item };
  if (dialect === 'ga' || item.type !== 'message' || item.role !== 'assistant') return event;
  return { ...event, item: { ...item, content: item.content.map((part) => ({ ...part, type: 'text' })) } };
}

/** What one response is to be. */
export interface ResponseOrder {
  /** Comes back in the response's metadata; also the `event_id`, so that a refusal can be told apart. */
  readonly requestId: string;
  /** In place of the session's instructions. */
  readonly instructions?: string;
  readonly toolChoice?: 'auto' | 'none' | 'required';
  /** Outside the conversation: neither heard by later responses nor in the way of them. */
  readonly aside?: boolean;
  /** Without the dialogue so far. */
  readonly fromNothing?: boolean;
}

export function createResponse(order: ResponseOrder): ClientEvent {
  const response: RealtimeResponseCreateParams = {
    metadata: { [REQUEST_KEY]: order.requestId },
    ...(order.instructions !== undefined && { instructions: order.instructions }),
    ...(order.toolChoice !== undefined && { tool_choice: order.toolChoice }),
    ...(order.aside === true && { conversation: 'none' }),
    ...(order.fromNothing === true && { input: [] }),
  };
  return { type: 'response.create', event_id: order.requestId, response };
}

export function cancelResponse(responseId: string): ClientEvent {
  return { type: 'response.cancel', response_id: responseId };
}

/** `heardMs`: whole milliseconds, at most what the item has. */
export function truncateItem(itemId: string, heardMs: number): ClientEvent {
  return { type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: heardMs };
}

export function deleteItem(itemId: string): ClientEvent {
  return { type: 'conversation.item.delete', item_id: itemId };
}

export const commitAudio: ClientEvent = { type: 'input_audio_buffer.commit' };
export const clearAudio: ClientEvent = { type: 'input_audio_buffer.clear' };

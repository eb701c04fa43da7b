import { isNestedTooDeep } from '../../../base/nesting.js';
import type { ModelMessage, ModelToolCall } from '../../stages/language-model.js';

/** What every provider accepts as the id of a call. */
const PLAIN_ID = /^[\w-]{1,40}$/;

/**
 * Ids that a provider accepts, for those of a dialogue that another one may have begun: its own stay, others are
 * numbered in the order of the dialogue, so that the beginning of a request stays the same from turn to turn.
 */
export function plainToolIds(messages: readonly ModelMessage[]): (id: string) => string {
  const known = new Map<string, string>();
  const idOf = (id: string): string => {
    if (PLAIN_ID.test(id)) return id;
    const found = known.get(id) ?? `renamed_${known.size + 1}`;
    known.set(id, found);
    return found;
  };
  for (const message of messages) {
    if (message.role === 'assistant') for (const { id } of message.toolCalls) idOf(id);
  }
  return idOf;
}

/**
 * A name that a provider accepts for what a model has called: it may have made one up (`functions.find_slot`), which the result
 * of the call says, and with which the provider would refuse all that follows.
 */
export function plainToolName(name: string): string {
  return name.replace(/[^\w-]/g, '_').slice(0, 64) || 'unnamed';
}

/** A call whose arguments have come whole. No arguments are an empty object; what is no JSON, or beyond all depth, stays text. */
export function toolCall(id: string, name: string, written: string): ModelToolCall {
  if (written.trim() === '') return { id, name, arguments: {} };
  try {
    const read: unknown = JSON.parse(written);
    return { id, name, arguments: isNestedTooDeep(read) ? written : read };
  } catch {
    return { id, name, arguments: written };
  }
}

/** Arguments as JSON text. */
export function writtenArguments(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '{}');
}

/** Arguments as the object that some providers insist on. */
export function objectArguments(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

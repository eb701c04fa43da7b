import type { ModelMessage, ModelToolResult } from '../stages/language-model.js';
import type { Dialogue, DialogueCall } from './dialogue.js';

/** Before the agent's first words, since a dialogue begins with the other side. */
export const CALL_BEGINS = '(The caller is on the line.)';

/** For a call of a tool whose result is not there when the model is asked for something else. */
export const STILL_RUNNING = 'The tool is still running. Its result will follow.';

/**
 * The dialogue as a model takes it: it begins with the caller, sides alternate, and each call of a tool is followed by
 * its result, all results of one answer in one message.
 *
 * @param order A last word on the host's behalf that is no part of the dialogue.
 */
export function messagesOf(dialogue: Dialogue, order?: string): readonly ModelMessage[] {
  const messages: ModelMessage[] = [];
  const say = (text: string): void => {
    const last = messages.at(-1);
    if (last?.role === 'user') messages[messages.length - 1] = { role: 'user', text: `${last.text}\n${text}` };
    else messages.push({ role: 'user', text });
  };
  for (const entry of dialogue) {
    if (entry.kind !== 'agent') {
      say(entry.text);
      continue;
    }
    if (messages.length === 0) say(CALL_BEGINS);
    const { text, calls, opaque } = entry;
    const last = messages.at(-1);
    const toolCalls = calls.map(({ call }) => call);
    const own = { toolCalls, ...(opaque !== undefined && { opaque }) };
    // Two answers in a row, such as a greeting and an announcement, are one message. What the model wants back is that of
    // the later one: with calls of tools the earlier one would not be the last message.
    if (last?.role === 'assistant') {
      const joined = [last.text, text].filter((part) => part.trim() !== '').join(' ');
      messages[messages.length - 1] = { role: 'assistant', text: joined, ...own };
    } else messages.push({ role: 'assistant', text: text.trim(), ...own });
    if (calls.length > 0) messages.push({ role: 'tool', results: calls.map(resultOf) });
  }
  if (order !== undefined) say(order);
  else if (messages.length === 0) say(CALL_BEGINS);
  return messages;
}

function resultOf({ call, result }: DialogueCall): ModelToolResult {
  return result ?? { id: call.id, name: call.name, output: STILL_RUNNING, failed: false };
}

import type { Wire } from '../language-model/play.js';
import { type ScriptedAnswer, tokensOf, writtenCall } from '../language-model/scripted-answer.js';
import type { InputUsage } from './prompt-cache.js';
import { signatureOf } from './signature.js';

export interface MessagesWireOptions {
  readonly model: string;
  readonly answer: ScriptedAnswer;
  readonly usage: InputUsage;
  readonly id: (prefix: string) => string;
}

/** The events of a streamed message. */
export function messagesWire({ model, answer, usage, id }: MessagesWireOptions): Wire {
  const event = (type: string, data: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const outputTokens =
    tokensOf(answer).length +
    Math.ceil((answer.reasoning ?? '').length / 4) +
    (answer.toolCalls ?? []).reduce((sum, call) => sum + 20 + Math.ceil(writtenCall(call).length / 4), 0);
  let index = 0;
  let textOpen = false;
  const start = (content_block: object): string => event('content_block_start', { index, content_block });
  const delta = (change: object): string => event('content_block_delta', { index, delta: change });
  const stop = (): string => {
    const stopped = event('content_block_stop', { index });
    index += 1;
    return stopped;
  };
  const closeText = (): string => {
    if (!textOpen) return '';
    textOpen = false;
    return stop();
  };
  return {
    opening: () =>
      [
        event('message_start', {
          message: {
            id: id('msg_'),
            type: 'message',
            role: 'assistant',
            content: [],
            model,
            stop_reason: null,
            stop_sequence: null,
            usage: {
              input_tokens: usage.input,
              cache_creation_input_tokens: usage.written,
              cache_read_input_tokens: usage.read,
              cache_creation: { ephemeral_5m_input_tokens: usage.written, ephemeral_1h_input_tokens: 0 },
              output_tokens: 1,
              service_tier: 'standard',
            },
          },
        }),
        event('ping', {}),
      ].join(''),
    reasoning: (text) =>
      [
        start({ type: 'thinking', thinking: '', signature: '' }),
        ...(text.match(/.{1,12}/gs) ?? []).map((thinking) => delta({ type: 'thinking_delta', thinking })),
        delta({ type: 'signature_delta', signature: signatureOf(text) }),
        stop(),
        start({ type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' }),
        stop(),
      ].join(''),
    text(token) {
      const begin = textOpen ? '' : start({ type: 'text', text: '' });
      textOpen = true;
      return `${begin}${delta({ type: 'text_delta', text: token })}`;
    },
    toolCalls() {
      const calls = (answer.toolCalls ?? []).map((call) => {
        const written = writtenCall(call);
        const pieces = written === '{}' ? [] : (written.match(/.{1,7}/gs) ?? []);
        return [
          start({ type: 'tool_use', id: call.id ?? id('toolu_'), name: call.name, input: {} }),
          event('ping', {}),
          ...['', ...pieces].map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
          stop(),
        ].join('');
      });
      return `${closeText()}${calls.join('')}`;
    },
    closing: () =>
      [
        closeText(),
        event('message_delta', {
          delta: {
            stop_reason: stopReason(answer),
            stop_sequence: null,
            stop_details: answer.end === 'refused' ? { type: 'refusal', category: null, explanation: null } : null,
          },
          usage: {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.written,
            cache_read_input_tokens: usage.read,
            output_tokens: outputTokens,
          },
        }),
        event('message_stop', {}),
      ].join(''),
    error: () => event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  };
}

function stopReason({ end, toolCalls = [] }: ScriptedAnswer): string {
  if (end === 'length') return 'max_tokens';
  if (end === 'refused') return 'refusal';
  return toolCalls.length > 0 ? 'tool_use' : 'end_turn';
}

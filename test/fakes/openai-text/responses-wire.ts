import type { Wire } from '../language-model/play.js';
import { type ScriptedAnswer, tokensOf, writtenCall } from '../language-model/scripted-answer.js';
import type { TokenUsage } from './chat-wire.js';

export interface ResponsesWireOptions {
  readonly model: string;
  readonly answer: ScriptedAnswer;
  readonly usage: TokenUsage;
  readonly encrypted: boolean;
  readonly id: (prefix: string) => string;
}

/** The events of the Responses API, numbered in order; there is no sign of the end but the last of them. */
export function responsesWire({ model, answer, usage, encrypted, id }: ResponsesWireOptions): Wire {
  let sequence = 0;
  let outputIndex = 0;
  const response = { id: id('resp_'), object: 'response', created_at: 1_764_000_000, model, output: [] as object[] };
  const message = { id: id('msg_'), type: 'message', role: 'assistant' };
  const spoken = tokensOf(answer).join('');
  let messageOpen = false;
  const event = (type: string, data: object): string => {
    const numbered = { type, sequence_number: sequence, ...data };
    sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify(numbered)}\n\n`;
  };
  const item = (added: object, done: object, between: () => string = () => ''): string => {
    const output_index = outputIndex;
    const begin = event('response.output_item.added', { output_index, item: added });
    const middle = between();
    outputIndex += 1;
    response.output.push(done);
    return `${begin}${middle}${event('response.output_item.done', { output_index, item: done })}`;
  };
  const part = { output_index: 0, content_index: 0, item_id: message.id };
  const openMessage = (): string => {
    if (messageOpen) return '';
    messageOpen = true;
    part.output_index = outputIndex;
    return [
      event('response.output_item.added', {
        output_index: outputIndex,
        item: { ...message, status: 'in_progress', content: [] },
      }),
      event('response.content_part.added', { ...part, part: { type: 'output_text', text: '', annotations: [] } }),
    ].join('');
  };
  return {
    opening: () =>
      [
        event('response.created', { response: { ...response, status: 'in_progress' } }),
        event('response.in_progress', { response: { ...response, status: 'in_progress' } }),
      ].join(''),
    reasoning(text) {
      const reasoning = { id: id('rs_'), type: 'reasoning', summary: [] };
      const done = { ...reasoning, ...(encrypted && { encrypted_content: Buffer.from(text).toString('base64') }) };
      return item(reasoning, done);
    },
    text: (token) => `${openMessage()}${event('response.output_text.delta', { ...part, delta: token, logprobs: [] })}`,
    toolCalls() {
      const closing = messageOpen ? closeMessage() : '';
      const calls = (answer.toolCalls ?? []).map((call) => {
        const item_id = id('fc_');
        const written = writtenCall(call);
        const called = { id: item_id, type: 'function_call', call_id: call.id ?? id('call_'), name: call.name };
        const cut = answer.end === 'length';
        return item(
          { ...called, status: 'in_progress', arguments: '' },
          { ...called, status: cut ? 'incomplete' : 'completed', arguments: written },
          () => {
            const where = { item_id, output_index: outputIndex };
            const pieces = (written.match(/.{1,5}/gs) ?? []).map((delta) =>
              event('response.function_call_arguments.delta', { ...where, delta }),
            );
            return [
              ...pieces,
              event('response.function_call_arguments.done', { ...where, name: call.name, arguments: written }),
            ].join('');
          },
        );
      });
      return `${closing}${calls.join('')}`;
    },
    closing() {
      const cut = answer.end !== undefined;
      const reason = answer.end === 'refused' ? 'content_filter' : 'max_output_tokens';
      return event(cut ? 'response.incomplete' : 'response.completed', {
        response: {
          ...response,
          status: cut ? 'incomplete' : 'completed',
          incomplete_details: cut ? { reason } : null,
          error: null,
          usage: {
            input_tokens: usage.input,
            input_tokens_details: { cached_tokens: usage.cached },
            output_tokens: usage.output,
            output_tokens_details: { reasoning_tokens: usage.reasoning },
            total_tokens: usage.input + usage.output,
          },
        },
      });
    },
    error: () => event('error', { code: 'server_error', message: 'The server had an error', param: null }),
  };

  function closeMessage(): string {
    const output_index = part.output_index;
    const done = { ...message, status: 'completed', content: [{ type: 'output_text', text: spoken, annotations: [] }] };
    response.output.push(done);
    outputIndex += 1;
    return [
      event('response.output_text.done', { ...part, text: spoken }),
      event('response.content_part.done', { ...part, part: { type: 'output_text', text: spoken, annotations: [] } }),
      event('response.output_item.done', { output_index, item: done }),
    ].join('');
  }
}

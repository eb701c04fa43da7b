import type { ResponseCreateParamsStreaming, ResponseInputItem } from 'openai/resources/responses/responses';
import type { LanguageModelRequest, ModelMessage } from '../../stages/language-model.js';
import { plainToolIds, plainToolName, writtenArguments } from '../language-model/tool-calls.js';
import type { OpenAiModelOptions } from './options.js';

/** Items of a model's reasoning, as it wants them back before the calls that came of it. */
export type ReasoningItem = Extract<ResponseInputItem, { type: 'reasoning' }>;

/** The body of `POST /responses`. Nothing is kept at the provider. */
export function responsesRequest(
  request: LanguageModelRequest,
  options: OpenAiModelOptions,
  provider: string,
): ResponseCreateParamsStreaming {
  const { maxTokens, temperature, reasoningEffort } = options;
  const idOf = plainToolIds(request.messages);
  const isOwn = (opaque: { readonly provider: string; readonly model: string }): boolean =>
    opaque.provider === provider && opaque.model === options.model;
  const tools = request.tools.map(({ name, description, parameters }) => ({
    type: 'function' as const,
    name,
    description,
    parameters: { ...parameters },
    // Strict schemas allow less than operators write.
    strict: false,
  }));
  return {
    model: options.model,
    stream: true,
    store: false,
    ...(request.system.trim() !== '' && { instructions: request.system }),
    input: request.messages.flatMap((message) => inputItems(message, idOf, isOwn)),
    max_output_tokens: maxTokens,
    ...(options.dialect === 'openai' && { stream_options: { include_obfuscation: false } }),
    ...(temperature !== undefined && { temperature }),
    // Only models that reason take either; what they thought must come back with the results of their calls.
    ...(reasoningEffort !== undefined && {
      reasoning: { effort: reasoningEffort },
      include: ['reasoning.encrypted_content' as const],
    }),
    ...(tools.length > 0 && {
      tools,
      tool_choice: request.mayCallTools ? ('auto' as const) : ('none' as const),
      parallel_tool_calls: options.parallelTools,
    }),
  };
}

function inputItems(
  message: ModelMessage,
  idOf: (id: string) => string,
  isOwn: (opaque: { readonly provider: string; readonly model: string }) => boolean,
): ResponseInputItem[] {
  switch (message.role) {
    case 'user':
      return [{ role: 'user', content: message.text }];
    case 'tool':
      return message.results.map(({ id, output }) => ({ type: 'function_call_output', call_id: idOf(id), output }));
    case 'assistant': {
      const { text, toolCalls, opaque } = message;
      const calls = toolCalls.map((call) => ({
        type: 'function_call' as const,
        call_id: idOf(call.id),
        name: plainToolName(call.name),
        arguments: writtenArguments(call.arguments),
      }));
      const reasoning = opaque !== undefined && isOwn(opaque) && calls.length > 0 ? reasoningItems(opaque.content) : [];
      return [...reasoning, ...(text.trim() === '' ? [] : [{ role: 'assistant' as const, content: text }]), ...calls];
    }
  }
}

function reasoningItems(content: unknown): ReasoningItem[] {
  return Array.isArray(content) ? (content as ReasoningItem[]) : [];
}

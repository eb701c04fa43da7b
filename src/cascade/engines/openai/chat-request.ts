import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions/completions';
import type { LanguageModelRequest, ModelMessage } from '../../stages/language-model.js';
import { plainToolIds, plainToolName, writtenArguments } from '../language-model/tool-calls.js';
import type { OpenAiModelOptions } from './options.js';

/** The body of `POST /chat/completions`. */
export function chatRequest(
  request: LanguageModelRequest,
  options: OpenAiModelOptions,
): ChatCompletionCreateParamsStreaming {
  const { dialect, maxTokens, temperature, reasoningEffort } = options;
  const showTools = request.tools.length > 0 && (request.mayCallTools || dialect !== 'compatible');
  const tools = request.tools.map(({ name, description, parameters }) => ({
    type: 'function' as const,
    function: { name, description, parameters: { ...parameters } },
  }));
  return {
    model: options.model,
    messages: chatMessages(request),
    stream: true,
    stream_options: {
      include_usage: true,
      // Padding against eavesdroppers who count bytes; it only costs time here.
      ...(dialect === 'openai' && { include_obfuscation: false }),
    },
    ...(dialect === 'compatible' ? { max_tokens: maxTokens } : { max_completion_tokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(reasoningEffort !== undefined && { reasoning_effort: reasoningEffort }),
    ...(showTools && { tools }),
    ...(showTools && !request.mayCallTools && { tool_choice: 'none' as const }),
    ...(showTools && dialect !== 'compatible' && { parallel_tool_calls: options.parallelTools }),
  };
}

function chatMessages({ system, messages }: LanguageModelRequest): ChatCompletionMessageParam[] {
  const idOf = plainToolIds(messages);
  const instructions: ChatCompletionMessageParam[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  return [...instructions, ...messages.flatMap((message) => chatMessage(message, idOf))];
}

function chatMessage(message: ModelMessage, idOf: (id: string) => string): ChatCompletionMessageParam[] {
  switch (message.role) {
    case 'user':
      return [{ role: 'user', content: message.text }];
    case 'tool':
      return message.results.map(({ id, output }) => ({ role: 'tool', tool_call_id: idOf(id), content: output }));
    case 'assistant': {
      const { text, toolCalls } = message;
      if (text.trim() === '' && toolCalls.length === 0) return [];
      const calls = toolCalls.map((call) => ({
        type: 'function' as const,
        id: idOf(call.id),
        function: { name: plainToolName(call.name), arguments: writtenArguments(call.arguments) },
      }));
      return [
        {
          role: 'assistant',
          content: text.trim() === '' ? null : text,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
      ];
    }
  }
}

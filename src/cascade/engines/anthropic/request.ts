import type {
  CacheControlEphemeral,
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  RedactedThinkingBlockParam,
  TextBlockParam,
  ThinkingBlockParam,
  Tool,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { LanguageModelRequest, ModelMessage } from '../../stages/language-model.js';
import { objectArguments, plainToolIds, plainToolName } from '../language-model/tool-calls.js';
import type { AnthropicModelOptions } from './options.js';

/** What a model thought, as it wants it back unchanged while its tools run. */
export type ThoughtBlock = ThinkingBlockParam | RedactedThinkingBlockParam;

export const PROVIDER = 'anthropic';

/**
 * The body of `POST /v1/messages`. The provider caches in the order tools, system, messages: one mark ends what is the
 * same for all calls, the other what is the same for the next turn of this one.
 */
export function messagesRequest(
  request: LanguageModelRequest,
  options: AnthropicModelOptions,
): MessageCreateParamsStreaming {
  const { temperature, effort, thinking, promptCaching } = options;
  const mark: { cache_control?: CacheControlEphemeral } =
    promptCaching === 'off' ? {} : { cache_control: { type: 'ephemeral', ttl: promptCaching } };
  const tools = request.tools.map(
    ({ name, description, parameters }): Tool => ({
      name,
      description,
      input_schema: { ...parameters, type: 'object' },
    }),
  );
  const lastTool = tools.at(-1);
  const hasSystem = request.system.trim() !== '';
  if (!hasSystem && lastTool !== undefined) Object.assign(lastTool, mark);
  return {
    model: options.model,
    max_tokens: options.maxTokens,
    stream: true,
    ...(hasSystem && { system: [{ type: 'text' as const, text: request.system, ...mark }] }),
    messages: marked(messageParams(request.messages, options.model), mark),
    ...(temperature !== undefined && { temperature }),
    ...(effort !== undefined && { output_config: { effort } }),
    ...(thinking === 'off' && { thinking: { type: 'disabled' as const } }),
    ...(thinking === 'adaptive' && { thinking: { type: 'adaptive' as const } }),
    ...(tools.length > 0 && {
      tools,
      tool_choice: request.mayCallTools
        ? { type: 'auto' as const, disable_parallel_tool_use: !options.parallelTools }
        : { type: 'none' as const },
    }),
  };
}

/** One side's messages in a row become one: results of tools come first in theirs, words after them. */
function messageParams(messages: readonly ModelMessage[], model: string): MessageParam[] {
  const idOf = plainToolIds(messages);
  const turns: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = contentBlocks(message, idOf, model);
    if (content.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  return turns;
}

function contentBlocks(message: ModelMessage, idOf: (id: string) => string, model: string): ContentBlockParam[] {
  switch (message.role) {
    case 'user':
      return textBlocks(message.text);
    case 'tool':
      return message.results.map(({ id, output, failed }) => ({
        type: 'tool_result',
        tool_use_id: idOf(id),
        ...(output.trim() !== '' && { content: output }),
        ...(failed && { is_error: true }),
      }));
    case 'assistant': {
      const { opaque } = message;
      const calls = message.toolCalls.map(({ id, name, arguments: input }) => ({
        type: 'tool_use' as const,
        id: idOf(id),
        name: plainToolName(name),
        input: objectArguments(input),
      }));
      // Signed for this model, and wanted by it only while its calls are under way.
      const own = opaque?.provider === PROVIDER && opaque.model === model && calls.length > 0;
      return [...(own ? thoughts(opaque.content) : []), ...textBlocks(message.text), ...calls];
    }
  }
}

/** Blocks of nothing but blanks are refused. */
function textBlocks(text: string): TextBlockParam[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }];
}

function thoughts(content: unknown): ThoughtBlock[] {
  return Array.isArray(content) ? (content as ThoughtBlock[]) : [];
}

/** The last block carries the mark; a turn that is thought alone never is the last. */
function marked(turns: MessageParam[], mark: { readonly cache_control?: CacheControlEphemeral }): MessageParam[] {
  const content = turns.at(-1)?.content;
  const block = Array.isArray(content) ? content.at(-1) : undefined;
  if (block?.type === 'text' || block?.type === 'tool_result' || block?.type === 'tool_use') Object.assign(block, mark);
  return turns;
}

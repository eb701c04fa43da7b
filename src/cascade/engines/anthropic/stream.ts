import type Anthropic from '@anthropic-ai/sdk';
import type { MessageDeltaUsage, StopReason, Usage } from '@anthropic-ai/sdk/resources/messages/messages';
import type { LanguageModelEvent, LanguageModelRequest } from '../../stages/language-model.js';
import type { StageIdentity } from '../../stages/stage.js';
import { brokenOff } from '../language-model/failure.js';
import { toolCall } from '../language-model/tool-calls.js';
import { count, usageOf } from '../language-model/usage.js';
import type { AnthropicModelOptions } from './options.js';
import { messagesRequest, PROVIDER, type ThoughtBlock } from './request.js';

/** A call of a tool, or a thought, while it comes. */
type OpenBlock =
  | { readonly type: 'tool'; readonly id: string; readonly name: string; written: string }
  | { readonly type: 'thinking'; thinking: string; signature: string };

/** An answer over the Messages API. What a request costs is reported as soon as it is known: it is billed if broken off. */
export async function* messagesAnswer(
  client: Anthropic,
  request: LanguageModelRequest,
  options: AnthropicModelOptions,
  identity: StageIdentity,
  signal: AbortSignal,
  alive: () => void,
): AsyncGenerator<LanguageModelEvent> {
  const stream = await client.messages.create(messagesRequest(request, options), { signal });
  const open = new Map<number, OpenBlock>();
  const calls: LanguageModelEvent[] = [];
  const thoughts: ThoughtBlock[] = [];
  let stop: StopReason | null = null;
  let outputTokens = 0;
  let ended = false;
  for await (const event of stream) {
    alive();
    switch (event.type) {
      case 'message_start':
        yield* usageOf(identity, inputOf(event.message.usage));
        break;
      case 'content_block_start': {
        const block = event.content_block;
        if (block.type === 'text' && block.text !== '') yield { type: 'text', text: block.text };
        if (block.type === 'tool_use')
          open.set(event.index, { type: 'tool', id: block.id, name: block.name, written: '' });
        if (block.type === 'thinking') {
          open.set(event.index, { type: 'thinking', thinking: block.thinking, signature: block.signature });
        }
        if (block.type === 'redacted_thinking') thoughts.push({ type: 'redacted_thinking', data: block.data });
        break;
      }
      case 'content_block_delta': {
        const { delta } = event;
        const block = open.get(event.index);
        if (delta.type === 'text_delta' && delta.text !== '') yield { type: 'text', text: delta.text };
        if (delta.type === 'input_json_delta' && block?.type === 'tool') block.written += delta.partial_json;
        if (delta.type === 'thinking_delta' && block?.type === 'thinking') block.thinking += delta.thinking;
        if (delta.type === 'signature_delta' && block?.type === 'thinking') block.signature += delta.signature;
        break;
      }
      case 'content_block_stop': {
        const block = open.get(event.index);
        open.delete(event.index);
        if (block?.type === 'thinking') thoughts.push({ ...block });
        if (block?.type === 'tool')
          calls.push({ type: 'tool-call', call: toolCall(block.id, block.name, block.written) });
        break;
      }
      case 'message_delta':
        stop = event.delta.stop_reason ?? stop;
        outputTokens = Math.max(outputTokens, outputOf(event.usage));
        break;
      case 'message_stop': {
        ended = true;
        // At the limit the arguments may have been cut off in a way that still is JSON.
        const called = stop === 'tool_use' && request.mayCallTools && calls.length > 0;
        if (called) yield* calls;
        yield* usageOf(identity, { 'output-tokens': outputTokens });
        const opaque = { provider: PROVIDER, model: options.model, content: thoughts };
        yield {
          type: 'done',
          reason: called ? 'tool-calls' : reasonOf(stop),
          ...(called && thoughts.length > 0 && { opaque }),
        };
        break;
      }
      default:
        // `ping`, and what later versions may add.
        break;
    }
  }
  signal.throwIfAborted();
  if (!ended) throw brokenOff();
}

function reasonOf(stop: StopReason | null): 'completed' | 'length' | 'refused' {
  if (stop === 'refusal') return 'refused';
  return stop === 'max_tokens' || stop === 'model_context_window_exceeded' ? 'length' : 'completed';
}

/** `input_tokens` excludes what the cache had and what was written to it. */
function inputOf(usage: Usage | undefined): Record<'input-tokens' | 'cached-tokens' | 'cache-write-tokens', number> {
  return {
    'input-tokens': count(usage?.input_tokens),
    'cached-tokens': count(usage?.cache_read_input_tokens),
    'cache-write-tokens': count(usage?.cache_creation_input_tokens),
  };
}

/** Cumulative, thinking included. */
function outputOf(usage: MessageDeltaUsage | undefined): number {
  return count(usage?.output_tokens);
}

import type Anthropic from '@anthropic-ai/sdk';
import type { MessageDeltaUsage, StopReason, Usage } from '@anthropic-ai/sdk/resources/messages/messages';
import type { LanguageModelEvent } from '../../stages/language-model.js';
import type { Question } from '../language-model/attempts.js';
import { brokenOff } from '../language-model/failure.js';
import { count, usageOf } from '../language-model/usage.js';
import { AnswerBlocks } from './answer-blocks.js';
import type { AnthropicModelOptions } from './options.js';
import { messagesRequest, PROVIDER } from './request.js';

/** An answer over the Messages API. What a request costs is reported as soon as it is known: it is billed if broken off. */
export async function* messagesAnswer(
  client: Anthropic,
  { request, options, identity }: Question<AnthropicModelOptions>,
  alive: () => void,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelEvent> {
  const stream = await client.messages.create(messagesRequest(request, options), { signal });
  const blocks = new AnswerBlocks();
  let stop: StopReason | null = null;
  let outputTokens = 0;
  let ended = false;
  for await (const event of stream) {
    alive();
    switch (event.type) {
      case 'message_start':
        yield* usageOf(identity, inputOf(event.message.usage));
        break;
      case 'content_block_start':
      case 'content_block_delta': {
        const text = blocks.read(event);
        if (text !== '') yield { type: 'text', text };
        break;
      }
      case 'content_block_stop':
        blocks.close(event.index);
        break;
      case 'message_delta':
        stop = event.delta.stop_reason ?? stop;
        outputTokens = Math.max(outputTokens, outputOf(event.usage));
        break;
      case 'message_stop': {
        ended = true;
        // At the limit the arguments may have been cut off in a way that still is JSON.
        const { calls, thoughts } = blocks;
        const called = stop === 'tool_use' && request.mayCallTools && calls.length > 0;
        if (called) for (const call of calls) yield { type: 'tool-call', call };
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

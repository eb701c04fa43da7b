import type OpenAI from 'openai';
import type { Response, ResponseOutputItem, ResponseUsage } from 'openai/resources/responses/responses';
import type { LanguageModelEvent } from '../../stages/language-model.js';
import type { StageIdentity, StageUsage } from '../../stages/stage.js';
import type { Question } from '../language-model/attempts.js';
import { brokenOff, reportedFailure } from '../language-model/failure.js';
import { toolCall } from '../language-model/tool-calls.js';
import { count, usageOf } from '../language-model/usage.js';
import type { OpenAiModelOptions } from './options.js';
import { responsesRequest } from './responses-request.js';

/** An answer over the Responses API. It has no `[DONE]`: one of three events ends it. */
export async function* responsesAnswer(
  client: OpenAI,
  { request, options, identity }: Question<OpenAiModelOptions>,
  alive: () => void,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelEvent> {
  const stream = await client.responses.create(responsesRequest(request, options, identity.provider), { signal });
  const reasoning: ResponseOutputItem[] = [];
  let called = false;
  let refused = false;
  let ended = false;
  for await (const event of stream) {
    alive();
    switch (event.type) {
      case 'response.output_text.delta':
        if (event.delta !== '') yield { type: 'text', text: event.delta };
        break;
      case 'response.refusal.delta':
        refused = true;
        if (event.delta !== '') yield { type: 'text', text: event.delta };
        break;
      case 'response.output_item.done': {
        const { item } = event;
        if (item.type === 'reasoning') reasoning.push(item);
        // Only `call_id` is what the result must name; the item's own id is another.
        if (item.type !== 'function_call' || item.status === 'incomplete' || !request.mayCallTools) break;
        called = true;
        yield { type: 'tool-call', call: toolCall(item.call_id, item.name, item.arguments) };
        break;
      }
      case 'response.completed':
      case 'response.incomplete': {
        ended = true;
        const { response } = event;
        if (response.usage) yield* responsesUsage(response.usage, identity);
        const opaque = { provider: identity.provider, model: options.model, content: reasoning };
        yield {
          type: 'done',
          reason: called ? 'tool-calls' : reasonOf(response, refused),
          ...(called && reasoning.length > 0 && { opaque }),
        };
        break;
      }
      case 'response.failed':
        throw reportedFailure(event.response.error?.code);
      case 'error':
        throw reportedFailure(event.code);
      default:
        // Progress, reasoning, and kinds of output that nobody can hear.
        break;
    }
  }
  signal.throwIfAborted();
  if (!ended) throw brokenOff();
}

function reasonOf(response: Response, refused: boolean): 'completed' | 'length' | 'refused' {
  const cut = response.incomplete_details?.reason;
  if (refused || cut === 'content_filter') return 'refused';
  return cut === 'max_output_tokens' ? 'length' : 'completed';
}

function responsesUsage(usage: ResponseUsage, identity: StageIdentity): readonly StageUsage[] {
  const input = count(usage.input_tokens);
  const cached = Math.min(input, count(usage.input_tokens_details?.cached_tokens));
  return usageOf(identity, {
    'input-tokens': input - cached,
    'cached-tokens': cached,
    'output-tokens': count(usage.output_tokens),
  });
}

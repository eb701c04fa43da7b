import type OpenAI from 'openai';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions/completions';
import type { CompletionUsage } from 'openai/resources/completions';
import type { LanguageModelEvent, ModelToolCall } from '../../stages/language-model.js';
import type { StageIdentity, StageUsage } from '../../stages/stage.js';
import type { Question } from '../language-model/attempts.js';
import { brokenOff } from '../language-model/failure.js';
import { ThinkFilter } from '../language-model/think-filter.js';
import { toolCall } from '../language-model/tool-calls.js';
import { count, usageOf } from '../language-model/usage.js';
import { isObject, textIn } from '../shared/json.js';
import { chatRequest } from './chat-request.js';
import type { OpenAiModelOptions } from './options.js';

/** An answer over Chat Completions, as OpenAI and all who imitate it stream it. */
export async function* chatAnswer(
  client: OpenAI,
  { request, options, identity }: Question<OpenAiModelOptions>,
  alive: () => void,
  signal: AbortSignal,
): AsyncGenerator<LanguageModelEvent> {
  const stream = await client.chat.completions.create(chatRequest(request, options), { signal });
  const calls = new CallAssembler();
  const thinking = options.dialect === 'compatible' ? new ThinkFilter() : undefined;
  let finish: ChatCompletionChunk.Choice['finish_reason'] = null;
  let called = false;
  let refused = false;
  // Some servers report it with the last part already, most in a chunk of its own behind it.
  let usage: readonly StageUsage[] = [];
  let ended = false;
  try {
    for await (const chunk of stream) {
      alive();
      const choice = chunk.choices?.[0];
      if (chunk.usage && finish !== null && !ended) {
        ended = true;
        yield* chatUsage(chunk.usage, identity);
        yield { type: 'done', reason: reasonOf(finish, called, refused) };
      }
      if (choice === undefined || finish !== null) continue;
      const { delta } = choice;
      const refusal = writtenIn(delta?.refusal);
      const written = writtenIn(delta?.content) + refusal;
      refused ||= refusal !== '';
      const text = thinking?.push(written) ?? written;
      if (text !== '') yield { type: 'text', text };
      for (const part of delta?.tool_calls ?? []) calls.add(part);
      if (choice.finish_reason === null || choice.finish_reason === undefined) continue;
      finish = choice.finish_reason;
      if (chunk.usage) usage = chatUsage(chunk.usage, identity);
      const rest = thinking?.finish() ?? '';
      if (rest !== '') yield { type: 'text', text: rest };
      // Arguments that the limit has cut off are worth nothing.
      if (finish === 'length' || finish === 'content_filter' || !request.mayCallTools) continue;
      for (const call of calls.all()) {
        called = true;
        yield { type: 'tool-call', call };
      }
    }
  } catch (error) {
    // What was to come after the answer's end was a usage report at most.
    if (finish === null) throw error;
  }
  signal.throwIfAborted();
  if (finish === null) throw brokenOff();
  if (ended) return;
  yield* usage;
  yield { type: 'done', reason: reasonOf(finish, called, refused) };
}

/** What is written in a delta: text, or as Mistral's models that think have it, parts of which only the text is spoken. */
function writtenIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && part['type'] === 'text' ? textIn(part, 'text') : '')).join('');
}

function reasonOf(
  finish: NonNullable<ChatCompletionChunk.Choice['finish_reason']>,
  called: boolean,
  refused: boolean,
): 'completed' | 'tool-calls' | 'length' | 'refused' {
  if (called) return 'tool-calls';
  if (finish === 'content_filter' || refused) return 'refused';
  return finish === 'length' ? 'length' : 'completed';
}

/** OpenAI's prompt tokens include those from its cache; ours do not. */
function chatUsage(usage: CompletionUsage, identity: StageIdentity): readonly StageUsage[] {
  const input = count(usage.prompt_tokens);
  const cached = Math.min(input, count(usage.prompt_tokens_details?.cached_tokens));
  return usageOf(identity, {
    'input-tokens': input - cached,
    'cached-tokens': cached,
    'output-tokens': count(usage.completion_tokens),
  });
}

/**
 * Calls of tools out of their parts. OpenAI sends id and name first and the arguments in pieces, by index; others send
 * each call whole, some of them all with index 0, some with no index at all.
 */
class CallAssembler {
  readonly #calls: { id: string; name: string; written: string; readonly index: number | undefined }[] = [];

  add(part: ChatCompletionChunk.Choice.Delta.ToolCall): void {
    const index: number | undefined = part.index;
    const known = this.#calls.findLast((call) => index === undefined || call.index === index);
    const isNew = known === undefined || (part.id !== undefined && part.id !== '' && part.id !== known.id);
    const call = isNew ? { id: part.id ?? '', name: '', written: '', index } : known;
    if (isNew) this.#calls.push(call);
    if (call.name === '') call.name = part.function?.name ?? '';
    const given: unknown = part.function?.arguments ?? '';
    // Text-generation-inference sends the object itself.
    call.written += typeof given === 'string' ? given : JSON.stringify(given);
  }

  all(): readonly ModelToolCall[] {
    return this.#calls
      .filter(({ name }) => name !== '')
      .map(({ id, name, written }, index) => toolCall(id === '' ? `call_${index + 1}` : id, name, written));
  }
}

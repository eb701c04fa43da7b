import type { Wire } from '../language-model/play.js';
import { type ScriptedAnswer, tokensOf, writtenCall } from '../language-model/scripted-answer.js';
import type { OpenAiVariant } from './refusal.js';

export interface TokenUsage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

export interface ChatWireOptions {
  readonly variant: OpenAiVariant;
  readonly model: string;
  readonly answer: ScriptedAnswer;
  readonly usage: TokenUsage;
  readonly includeUsage: boolean;
  readonly obfuscated: boolean;
  readonly id: (prefix: string) => string;
}

const fingerprints = { openai: 'fp_44709d6fcb', azure: 'fp_44709d6fcb', ollama: 'fp_ollama', 'llama.cpp': 'b6000' };

/** `chat.completion.chunk`s. */
export function chatWire(options: ChatWireOptions): Wire {
  const { variant, answer } = options;
  const own = variant === 'ollama' || variant === 'llama.cpp';
  const head = {
    id: options.id('chatcmpl-'),
    object: 'chat.completion.chunk',
    created: 1_764_000_000,
    model: options.model,
    ...(variant === 'openai' && { service_tier: 'default' }),
    system_fingerprint: fingerprints[variant],
  };
  const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
  const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
    event({
      ...head,
      choices: [{ index: 0, delta, ...(own ? {} : { logprobs: null }), finish_reason: finish }],
      ...(options.includeUsage && !own && { usage: null }),
      ...(options.obfuscated && { obfuscation: 'aBcD3' }),
      ...more,
    });
  const content = (text: string): string =>
    chunk(variant === 'ollama' ? { role: 'assistant', content: text } : { content: text });
  return {
    opening() {
      // Azure says first what its filter thinks of the question.
      const filter = variant === 'azure' ? event({ ...head, choices: [], prompt_filter_results: [] }) : '';
      return variant === 'ollama'
        ? ''
        : `${filter}${chunk({ role: 'assistant', content: variant === 'openai' ? '' : null })}`;
    },
    reasoning(text) {
      if (variant === 'ollama') return chunk({ role: 'assistant', content: '', reasoning: text });
      return variant === 'llama.cpp' ? chunk({ reasoning_content: text }) : '';
    },
    text: content,
    toolCalls() {
      const calls = answer.toolCalls ?? [];
      if (variant === 'ollama') {
        // Whole, and each in a chunk of its own with index 0.
        return calls
          .map((call) => {
            const id = call.id ?? options.id('call_');
            const called = {
              index: 0,
              id,
              type: 'function',
              function: { name: call.name, arguments: writtenCall(call) },
            };
            return chunk({ role: 'assistant', content: '', tool_calls: [called] });
          })
          .join('');
      }
      return calls
        .map((call, index) => {
          const id = call.id ?? options.id('call_');
          const first = { index, id, type: 'function', function: { name: call.name, arguments: '' } };
          const pieces = writtenCall(call).match(/.{1,5}/gs) ?? [];
          const rest = pieces.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
          return [chunk({ tool_calls: [first] }), ...rest].join('');
        })
        .join('');
    },
    closing(done) {
      const end = chunk({}, finishOf(answer), variant === 'llama.cpp' ? { timings: { predicted_n: 5 } } : {});
      const usage = options.includeUsage ? event({ ...head, choices: [], usage: chatUsage(options.usage) }) : '';
      return `${end}${usage}${done ? 'data: [DONE]\n\n' : ''}`;
    },
    error: () =>
      event({ error: { message: 'The server had an error', type: 'server_error', param: null, code: null } }),
  };
}

function finishOf({ end, toolCalls = [] }: ScriptedAnswer): string {
  if (end === 'length') return 'length';
  if (end === 'refused') return 'content_filter';
  return toolCalls.length > 0 ? 'tool_calls' : 'stop';
}

function chatUsage({ input, cached, output, reasoning }: TokenUsage): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
}

/** What an answer costs. */
export function outputTokens(answer: ScriptedAnswer): { readonly output: number; readonly reasoning: number } {
  const reasoning = Math.ceil((answer.reasoning ?? '').length / 4);
  const called = (answer.toolCalls ?? []).reduce((sum, call) => sum + 8 + Math.ceil(writtenCall(call).length / 4), 0);
  return { output: tokensOf(answer).length + called + reasoning, reasoning };
}

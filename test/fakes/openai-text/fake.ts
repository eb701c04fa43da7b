import type { Exchange } from '../language-model/exchange.js';
import { type Json, objectOf, textOf } from '../language-model/json.js';
import { play } from '../language-model/play.js';
import { type AskedQuestion, type ScriptedAnswer, tokenCount } from '../language-model/scripted-answer.js';
import { ModelService, type ModelServiceOptions } from '../language-model/service.js';
import { checkChat } from './chat-rules.js';
import { chatWire, outputTokens, type TokenUsage } from './chat-wire.js';
import { chatQuestion, responsesQuestion } from './question.js';
import { ApiRefusal, type OpenAiVariant, sendFault, sendRefusal, unknownModel, wrongKey } from './refusal.js';
import { checkResponses } from './responses-rules.js';
import { responsesWire } from './responses-wire.js';

export interface FakeOpenAiTextOptions extends ModelServiceOptions {
  readonly variant: OpenAiVariant;
  /** Models there are; any, when left out. */
  readonly models: readonly string[];
  /** Azure's filter takes offence at every question. */
  readonly filtered: boolean;
}

/** Beginnings of requests this long are cached by OpenAI, in steps. */
const CACHED_FROM_TOKENS = 1_024;
const CACHE_STEP_TOKENS = 128;
/** Beginnings of requests that are remembered, for the cache. */
const MAX_PROMPTS = 500;

/** A running fake. `baseUrl` is what a client is pointed at. */
export class FakeOpenAiText extends ModelService {
  readonly variant: OpenAiVariant;
  readonly models: readonly string[];
  readonly #filtered: boolean;
  readonly #prompts: string[] = [];

  constructor(options: Partial<FakeOpenAiTextOptions>) {
    const variant = options.variant ?? 'openai';
    super(
      options,
      (exchange) => this.#handle(exchange),
      (exchange, fault, faultOptions) => sendFault(exchange, fault, faultOptions, variant),
    );
    this.variant = variant;
    this.models = options.models ?? [];
    this.#filtered = options.filtered ?? false;
  }

  get baseUrl(): string {
    return this.variant === 'azure' ? this.origin : `${this.origin}/v1`;
  }

  async #handle(exchange: Exchange): Promise<void> {
    try {
      await this.#route(exchange);
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      sendRefusal(exchange, error, this.variant);
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const { method, path } = exchange.request;
    const url = new URL(path, this.origin);
    if (this.variant === 'ollama' && url.pathname === '/') return exchange.text(200, 'Ollama is running');
    if (this.variant === 'ollama' && url.pathname === '/api/version') return exchange.json(200, { version: '0.12.0' });
    if (this.variant === 'llama.cpp' && url.pathname === '/health') return exchange.json(200, { status: 'ok' });
    this.#authenticate(exchange);
    const deployment = /^\/openai\/deployments\/([^/]+)\/(.+)$/.exec(url.pathname);
    const operation = deployment?.[2] ?? url.pathname.replace(/^(?:\/openai)?\/v1\//, '');
    if (deployment && url.searchParams.get('api-version') === null)
      throw new ApiRefusal(404, 'Resource not found', '404');
    if (method === 'GET' && operation.startsWith('models')) return this.#listModels(exchange, operation);
    const body = exchange.request.body === undefined ? undefined : objectOf(exchange.request.body);
    if (method !== 'POST' || body === undefined)
      throw new ApiRefusal(400, 'We could not parse the JSON body of your request.');
    const model = deployment?.[1] ?? textOf(body['model']);
    if (model === '') throw new ApiRefusal(400, 'you must provide a model parameter');
    if (this.models.length > 0 && !this.models.includes(model)) throw unknownModel(model, this.variant);
    if (body['stream'] !== true) throw new ApiRefusal(400, 'this fake only streams', null, 'stream');
    if (operation === 'chat/completions') return this.#chat(exchange, body, model);
    if (operation === 'responses' && this.variant !== 'llama.cpp') return this.#responses(exchange, body, model);
    throw new ApiRefusal(404, `Invalid URL (POST ${url.pathname})`);
  }

  #authenticate({ request: { headers } }: Exchange): void {
    const { apiKey } = this.options;
    // Ollama asks nobody for a key.
    if (apiKey === undefined || this.variant === 'ollama') return;
    const shown = this.variant === 'azure' ? headers['api-key'] : headers.authorization?.replace(/^Bearer /, '');
    if (shown !== apiKey) throw wrongKey(this.variant);
  }

  #listModels(exchange: Exchange, operation: string): void {
    const data = this.models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'fake' }));
    const wanted = operation.slice('models/'.length);
    if (wanted !== '' && this.models.length > 0 && !this.models.includes(wanted)) {
      throw unknownModel(wanted, this.variant);
    }
    const one = { id: wanted, object: 'model', created: 1, owned_by: 'fake' };
    exchange.json(200, wanted === '' ? { object: 'list', data } : one);
  }

  async #chat(exchange: Exchange, body: Json, model: string): Promise<void> {
    checkChat(body, this.variant);
    if (this.#filtered) throw new ApiRefusal(400, 'The response was filtered', 'content_filter', 'prompt');
    const question = chatQuestion(body);
    const answer = this.#answerTo(question);
    const options = objectOf(body['stream_options']);
    const wire = chatWire({
      variant: this.variant,
      model,
      answer,
      usage: this.#usage(JSON.stringify([body['tools'], body['messages']]), answer),
      includeUsage: options['include_usage'] === true,
      obfuscated: this.variant === 'openai' && options['include_obfuscation'] !== false,
      id: (prefix) => this.id(prefix),
    });
    exchange.stream({ 'x-request-id': this.id('req_') });
    await play(exchange, answer, wire, this.options.clock);
  }

  async #responses(exchange: Exchange, body: Json, model: string): Promise<void> {
    checkResponses(body);
    const answer = this.#answerTo(responsesQuestion(body));
    const wire = responsesWire({
      model,
      answer,
      usage: this.#usage(JSON.stringify([body['tools'], body['instructions'], body['input']]), answer),
      encrypted: JSON.stringify(body['include'] ?? []).includes('reasoning.encrypted_content'),
      id: (prefix) => this.id(prefix),
    });
    exchange.stream({ 'x-request-id': this.id('req_') });
    await play(exchange, answer, wire, this.options.clock);
  }

  /** A model that may not call tools says something instead; Ollama does not know that it may not. */
  #answerTo(question: AskedQuestion): ScriptedAnswer {
    const { toolCalls, ...rest } = this.think(question);
    return toolCalls === undefined || !question.mayCallTools ? rest : { ...rest, toolCalls };
  }

  #usage(prompt: string, answer: ScriptedAnswer): TokenUsage {
    const shared = Math.max(0, ...this.#prompts.map((earlier) => commonLength(earlier, prompt)));
    this.#prompts.push(prompt);
    if (this.#prompts.length > MAX_PROMPTS) this.#prompts.shift();
    const known = tokenCount(prompt.slice(0, shared));
    const cached = known < CACHED_FROM_TOKENS ? 0 : known - (known % CACHE_STEP_TOKENS);
    return { input: tokenCount(prompt), cached, ...outputTokens(answer) };
  }
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** Starts a fake on loopback. */
export async function startFakeOpenAiText(options: Partial<FakeOpenAiTextOptions> = {}): Promise<FakeOpenAiText> {
  const fake = new FakeOpenAiText(options);
  await fake.listen();
  return fake;
}

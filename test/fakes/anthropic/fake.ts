import type { Exchange } from '../language-model/exchange.js';
import { objectOf, textOf } from '../language-model/json.js';
import { play } from '../language-model/play.js';
import { ModelService, type ModelServiceOptions } from '../language-model/service.js';
import { messagesWire } from './messages-wire.js';
import { PromptCache } from './prompt-cache.js';
import { messagesQuestion } from './question.js';
import { ApiRefusal, invalid, sendFault, sendRefusal } from './refusal.js';
import { checkMessages } from './rules.js';

export interface FakeAnthropicOptions extends ModelServiceOptions {
  /** Models there are; any, when left out. */
  readonly models: readonly string[];
}

/** A running fake. `baseUrl` is what a client is pointed at. */
export class FakeAnthropic extends ModelService {
  readonly models: readonly string[];
  readonly #cache = new PromptCache();

  constructor(options: Partial<FakeAnthropicOptions>) {
    super(options, (exchange) => this.#handle(exchange), sendFault);
    this.models = options.models ?? [];
  }

  get baseUrl(): string {
    return this.origin;
  }

  async #handle(exchange: Exchange): Promise<void> {
    try {
      await this.#route(exchange);
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      sendRefusal(exchange, error);
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const { method, path, headers, body } = exchange.request;
    const { apiKey } = this.options;
    const shown = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
    if (apiKey !== undefined && shown !== apiKey) {
      throw new ApiRefusal(401, 'authentication_error', 'invalid x-api-key');
    }
    if (headers['anthropic-version'] === undefined) throw invalid('anthropic-version: header is required');
    const { pathname } = new URL(path, this.origin);
    if (method === 'GET' && pathname.startsWith('/v1/models')) return this.#describe(exchange, pathname);
    if (method !== 'POST' || pathname !== '/v1/messages') throw new ApiRefusal(404, 'not_found_error', 'Not Found');
    if (body === undefined) throw invalid('The request body is not valid JSON');
    const asked = objectOf(body);
    const model = textOf(asked['model']);
    checkMessages(asked);
    if (this.models.length > 0 && !this.models.includes(model)) {
      throw new ApiRefusal(404, 'not_found_error', `model: ${model}`);
    }
    if (asked['stream'] !== true) throw invalid('this fake only streams');
    const question = messagesQuestion(asked);
    const { toolCalls, ...rest } = this.think(question);
    const answer = toolCalls === undefined || !question.mayCallTools ? rest : { ...rest, toolCalls };
    const wire = messagesWire({ model, answer, usage: this.#cache.use(asked), id: (prefix) => this.id(prefix) });
    exchange.stream({ 'request-id': this.id('req_') });
    await play(exchange, answer, wire, this.options.clock);
  }

  #describe(exchange: Exchange, pathname: string): void {
    const wanted = pathname.slice('/v1/models/'.length);
    const described = (id: string): object => ({
      type: 'model',
      id,
      display_name: id,
      created_at: '2026-01-01T00:00:00Z',
    });
    if (wanted !== '' && this.models.length > 0 && !this.models.includes(wanted)) {
      throw new ApiRefusal(404, 'not_found_error', `model: ${wanted}`);
    }
    const all = { data: this.models.map(described), has_more: false, first_id: null, last_id: null };
    exchange.json(200, wanted === '' ? all : described(wanted));
  }
}

/** Starts a fake on loopback. */
export async function startFakeAnthropic(options: Partial<FakeAnthropicOptions> = {}): Promise<FakeAnthropic> {
  const fake = new FakeAnthropic(options);
  await fake.listen();
  return fake;
}

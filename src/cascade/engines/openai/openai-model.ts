import type OpenAI from 'openai';
import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../../stages/language-model.js';
import type { StageIdentity } from '../../stages/stage.js';
import { answerByAttempts } from '../language-model/attempts.js';
import type { LanguageModelDeps } from '../language-model/deps.js';
import { modelFailure } from '../language-model/failure.js';
import { chatAnswer } from './chat.js';
import type { OpenAiModelOptions } from './options.js';
import { responsesAnswer } from './responses.js';

const providers = { openai: 'openai', azure: 'azure', compatible: 'openai-compatible' } as const;

/** Models of OpenAI, of Azure OpenAI, and of every server that speaks their protocol. */
export class OpenAiModel implements LanguageModel {
  readonly identity: StageIdentity;
  readonly parallelTools: boolean;
  readonly #options: OpenAiModelOptions;
  readonly #deps: LanguageModelDeps;
  #client: Promise<OpenAI> | undefined;

  /** @param deps.http Is this model's own: disposing of the model closes it. */
  constructor(options: OpenAiModelOptions, deps: LanguageModelDeps) {
    this.identity = { provider: providers[options.dialect], model: options.pricedModel };
    this.parallelTools = options.parallelTools;
    this.#options = options;
    this.#deps = deps;
  }

  async *answer(request: LanguageModelRequest, signal: AbortSignal): AsyncGenerator<LanguageModelEvent> {
    const options = this.#options;
    const answerOf = options.api === 'responses' ? responsesAnswer : chatAnswer;
    const question = { request, options, identity: this.identity };
    const load = (): Promise<OpenAI> => this.#load();
    yield* answerByAttempts(
      async function* attempt(own, alive) {
        const client = await load();
        try {
          yield* answerOf(client, question, alive, own);
        } catch (error) {
          // Azure judges the question before it answers.
          if (!isFiltered(error)) throw error;
          yield { type: 'done', reason: 'refused' };
        }
      },
      options,
      this.#deps,
      signal,
    );
  }

  /** Lists the models: every server has that list, and it costs nothing. OpenAI's must know this one. */
  async check(signal: AbortSignal): Promise<void> {
    const client = await this.#load();
    try {
      if (this.#options.dialect === 'openai') await client.models.retrieve(this.#options.model, { signal });
      else await client.models.list({ signal });
    } catch (error) {
      signal.throwIfAborted();
      throw modelFailure(error);
    }
  }

  /** Loads the SDK, and leaves an open connection for the first call. A provider that is down is no reason to fail here. */
  async warmup(signal: AbortSignal): Promise<void> {
    const client = await this.#load();
    await client.models.list({ signal }).catch(() => {});
    signal.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deps.http[Symbol.asyncDispose]();
  }

  /** A process that asks no such model never loads the SDK. */
  #load(): Promise<OpenAI> {
    this.#client ??= this.#create();
    return this.#client;
  }

  async #create(): Promise<OpenAI> {
    const { default: Client } = await import('openai');
    const { apiKey, baseUrl, headers, query } = this.#options.endpoint;
    return new Client({
      apiKey,
      baseURL: baseUrl,
      // What the environment holds is of no concern: the configuration alone decides.
      organization: null,
      project: null,
      adminAPIKey: null,
      webhookSecret: null,
      defaultHeaders: headers,
      defaultQuery: query,
      maxRetries: 0,
      fetch: this.#deps.http.fetch,
      // It would write what was said to the console.
      logLevel: 'off',
    });
  }
}

function isFiltered(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'content_filter';
}

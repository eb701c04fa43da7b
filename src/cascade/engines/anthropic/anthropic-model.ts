import type Anthropic from '@anthropic-ai/sdk';
import type { LanguageModel, LanguageModelEvent, LanguageModelRequest } from '../../stages/language-model.js';
import type { StageIdentity } from '../../stages/stage.js';
import { answerByAttempts } from '../language-model/attempts.js';
import type { LanguageModelDeps } from '../language-model/deps.js';
import { modelFailure } from '../language-model/failure.js';
import type { AnthropicModelOptions } from './options.js';
import { PROVIDER } from './request.js';
import { messagesAnswer } from './stream.js';

/** Anthropic's models. */
export class AnthropicModel implements LanguageModel {
  readonly identity: StageIdentity;
  readonly parallelTools: boolean;
  readonly #options: AnthropicModelOptions;
  readonly #deps: LanguageModelDeps;
  #client: Promise<Anthropic> | undefined;

  /** @param deps.http Is this model's own: disposing of the model closes it. */
  constructor(options: AnthropicModelOptions, deps: LanguageModelDeps) {
    this.identity = { provider: PROVIDER, model: options.model };
    this.parallelTools = options.parallelTools;
    this.#options = options;
    this.#deps = deps;
  }

  async *answer(request: LanguageModelRequest, signal: AbortSignal): AsyncGenerator<LanguageModelEvent> {
    const options = this.#options;
    const question = { request, options, identity: this.identity };
    const load = (): Promise<Anthropic> => this.#load();
    yield* answerByAttempts(
      async function* attempt(own, alive) {
        yield* messagesAnswer(await load(), question, alive, own);
      },
      options,
      this.#deps,
      signal,
    );
  }

  /** Asks what the provider knows of the model, which costs nothing. */
  async check(signal: AbortSignal): Promise<void> {
    const client = await this.#load();
    try {
      await client.models.retrieve(this.#options.model, {}, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw modelFailure(error);
    }
  }

  /** Loads the SDK, and leaves an open connection for the first call. A provider that is down is no reason to fail here. */
  async warmup(signal: AbortSignal): Promise<void> {
    const client = await this.#load();
    await client.models.retrieve(this.#options.model, {}, { signal }).catch(() => {});
    signal.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deps.http[Symbol.asyncDispose]();
  }

  /** A process that asks no such model never loads the SDK. */
  #load(): Promise<Anthropic> {
    this.#client ??= this.#create();
    return this.#client;
  }

  async #create(): Promise<Anthropic> {
    const { default: Client } = await import('@anthropic-ai/sdk');
    return new Client({
      apiKey: this.#options.apiKey,
      baseURL: this.#options.baseUrl,
      // What the environment holds is of no concern: the configuration alone decides.
      webhookKey: null,
      maxRetries: 0,
      fetch: this.#deps.http.fetch,
      // It would write what was said to the console.
      logLevel: 'off',
    });
  }
}

import { assertUnreachable } from '../../base/assert.js';
import { type Clock, createSystemClock } from '../../base/clock.js';
import { createSystemRandom, type Random } from '../../base/random.js';
import { FlavorError } from '../../flavor-api/index.js';
import type { LanguageModel } from '../stages/language-model.js';
import { AnthropicModel } from './anthropic/anthropic-model.js';
import type { LanguageModelDeps } from './language-model/deps.js';
import { createProviderHttp } from './language-model/provider-http.js';
import type { LanguageModelConfig } from './language-model-config.js';
import { azureEndpoint } from './openai/endpoint.js';
import { OpenAiModel } from './openai/openai-model.js';
import type { HostGuard } from './shared/host-guard.js';

/** What a flavor may lend; all of it has a default of the process's own. */
export interface CreateLanguageModelDeps {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}

/**
 * The model of a configuration. Nothing is loaded and nothing connected before it is asked, checked or warmed up. One
 * serves all calls of a flavor, over connections they share; dispose of it when the flavor is.
 *
 * @throws FlavorError ERR_FLAVOR_CONFIG for what the schema cannot see.
 */
export function createLanguageModel(config: LanguageModelConfig, deps: CreateLanguageModelDeps = {}): LanguageModel {
  const parts: LanguageModelDeps = {
    clock: deps.clock ?? createSystemClock(),
    random: deps.random ?? createSystemRandom(),
    http: createProviderHttp(undefined, deps.guard),
  };
  switch (config.provider) {
    case 'anthropic':
      return new AnthropicModel(config, parts);
    case 'openai':
      return new OpenAiModel(
        { ...config, dialect: 'openai', pricedModel: config.model, endpoint: plainEndpoint(config) },
        parts,
      );
    case 'openai-compatible':
      return new OpenAiModel(
        { ...config, dialect: 'compatible', api: 'chat', pricedModel: config.model, endpoint: plainEndpoint(config) },
        parts,
      );
    case 'azure': {
      if ((config.resource === undefined) === (config.endpoint === undefined)) {
        throw new FlavorError('ERR_FLAVOR_CONFIG', 'provider azure needs either resource or endpoint', false);
      }
      return new OpenAiModel(
        {
          ...config,
          dialect: 'azure',
          model: config.deployment,
          pricedModel: config.model ?? config.deployment,
          endpoint: azureEndpoint(config, config.apiKey),
        },
        parts,
      );
    }
    default:
      return assertUnreachable(config);
  }
}

function plainEndpoint({ baseUrl, apiKey }: { readonly baseUrl: string; readonly apiKey: string }) {
  return { baseUrl, apiKey, headers: {}, query: {} };
}

import * as z from 'zod';
import { keySchema } from './shared/key-config.js';

const url = z.url({ protocol: /^https?$/ });
const key = keySchema();
const modelName = z.string().min(1).max(200);

/** What every model's section may say. */
const common = {
  maxTokens: z
    .int()
    .min(16)
    .max(32_000)
    .default(1_024)
    .describe('Longest answer; the model’s reasoning counts, where it reasons.'),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe('Not sent unless set: models that reason, and newer ones of Anthropic, refuse it.'),
  parallelTools: z.boolean().default(true).describe('The model may call several tools in one answer.'),
  firstTokenTimeoutMs: z
    .int()
    .min(200)
    .max(300_000)
    .default(5_000)
    .describe(
      'Until the first word or call of a tool, retries included. A model that must be loaded first needs more.',
    ),
  stallTimeoutMs: z.int().min(200).max(300_000).default(10_000).describe('Longest silence within an answer.'),
  retries: z
    .int()
    .min(0)
    .max(5)
    .default(2)
    .describe('Of a request that reached nobody, or a provider that is out of order, before its first sign of life.'),
};

const reasoningEffort = z
  .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])
  .optional()
  .describe('Only for models that reason. On the phone the least the model knows is right: `none`, or `minimal`.');

const api = z
  .enum(['chat', 'responses'])
  .default('chat')
  .describe('Chat Completions, or the Responses API, which models that reason do better on.');

const openai = z.strictObject({
  provider: z.literal('openai').describe('OpenAI.'),
  apiKey: key,
  model: modelName.default('gpt-4.1-mini').describe('Name of the model.'),
  api,
  reasoningEffort,
  baseUrl: url.default('https://api.openai.com/v1').describe('Another address of the same service, such as a gateway.'),
  ...common,
});

const azure = z.strictObject({
  provider: z.literal('azure').describe('Azure OpenAI.'),
  apiKey: key.describe('Sent as `api-key`.'),
  resource: z
    .string()
    .regex(/^[a-zA-Z0-9-]{1,64}$/)
    .optional()
    .describe('Name of the Azure OpenAI resource.'),
  endpoint: url.optional().describe('Instead of `resource`: the address of the endpoint.'),
  deployment: modelName.describe('Name of the deployment.'),
  apiVersion: z.string().min(1).max(40).optional().describe('A dated version; left out: the v1 API.'),
  model: modelName.optional().describe('What the deployment deploys, for its price. Default: the deployment’s name.'),
  api,
  reasoningEffort,
  ...common,
});

const compatible = z.strictObject({
  provider: z.literal('openai-compatible').describe('Ollama, llama.cpp, vLLM and others that speak OpenAI’s protocol.'),
  baseUrl: url.describe('Such as `http://127.0.0.1:11434/v1`.'),
  apiKey: key.default('none').describe('Where the server asks for one.'),
  model: modelName.describe('As the server spells it.'),
  reasoningEffort,
  ...common,
});

const anthropic = z.strictObject({
  provider: z.literal('anthropic').describe('Anthropic.'),
  apiKey: key,
  model: modelName.default('claude-haiku-4-5').describe('Name of the model.'),
  promptCaching: z
    .enum(['off', '5m', '1h'])
    .default('5m')
    .describe(
      'How long the beginning of a request stays cached. Short prompts are never cached: 4,096 tokens for Haiku 4.5.',
    ),
  thinking: z.enum(['off', 'adaptive']).optional().describe('Left out: as the model is used to.'),
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional().describe('Only for models that take it.'),
  baseUrl: url.default('https://api.anthropic.com').describe('Another address of the same service, such as a gateway.'),
  ...common,
});

/** A language model in a flavor's section of the configuration: `llm: languageModelConfig`. */
export const languageModelConfig = z
  .discriminatedUnion('provider', [openai, azure, compatible, anthropic])
  .describe('The language model.');

/** The section, defaults filled in. */
export type LanguageModelConfig = z.output<typeof languageModelConfig>;

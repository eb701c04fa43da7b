import { modelCommand } from '../language-model/command.js';
import { startFakeOpenAiText } from './fake.js';
import type { OpenAiVariant } from './refusal.js';

const variants = ['openai', 'azure', 'ollama', 'llama.cpp'] as const satisfies readonly OpenAiVariant[];

/** Chat Completions and Responses, by hand. */
export const openAiTextCommand = modelCommand({
  name: 'openai-text',
  title: "OpenAI's text APIs",
  options: [`--variant V    whose server it is: ${variants.join(', ')} (default: openai)`],
  variants,
  section: (url, key, variant) =>
    variant === 'ollama' || variant === 'llama.cpp'
      ? `{ provider: openai-compatible, baseUrl: "${url}", model: "qwen3:8b", reasoningEffort: none }`
      : `{ provider: openai, baseUrl: "${url}", apiKey: "${key}" }`,
  open: ({ variant, ...options }) =>
    startFakeOpenAiText({ ...options, variant: variants.find((known) => known === variant) ?? 'openai' }),
});

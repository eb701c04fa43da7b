import { expect, test } from 'vitest';
import type * as z from 'zod';
import { realtimeConfigSchema } from '../../../flavors/openai-realtime/config.js';
import { azureResourceSchema } from '../../../src/cascade/engines/azure/resource.js';
import { deepgramApiKeySchema } from '../../../src/cascade/engines/deepgram/index.js';
import { languageModelConfig } from '../../../src/cascade/engines/language-model-config.js';

const sections: readonly (readonly [string, (key: string) => z.ZodSafeParseResult<unknown>])[] = [
  ['Deepgram', (key) => deepgramApiKeySchema.safeParse(key)],
  ['Azure', (key) => azureResourceSchema.safeParse({ key, region: 'westeurope' })],
  ['OpenAI', (apiKey) => languageModelConfig.safeParse({ provider: 'openai', apiKey })],
  ['Anthropic', (apiKey) => languageModelConfig.safeParse({ provider: 'anthropic', apiKey })],
  ['realtime', (apiKey) => realtimeConfigSchema.safeParse({ apiKey })],
];

test.each(sections)('a key of %s that no header field takes is refused in words that do not repeat it', (_, parse) => {
  expect(parse('sk-0123 any_text+/=').success).toBe(true);
  for (const key of ['sk-canary\n', '“sk-canary”', 'sk-canäry', 'sk-canary\u0000']) {
    const { error } = parse(key);
    expect(error?.message).toContain('a line break, or a typographic quote');
    expect(error?.message).not.toContain('can');
  }
});

import * as z from 'zod';
import { assertUnreachable } from '../../../base/assert.js';
import { createReplicateSpeech, replicateApiKeySchema, replicateSpeechSchema } from '../replicate/index.js';
import { createRunPodSpeech, runPodApiKeySchema, runPodSpeechSchema } from '../runpod/index.js';
import type { SpeechBackend } from '../speech-server/backend.js';
import { createTogetherSpeech, togetherApiKeySchema, togetherSpeechSchema } from '../together/index.js';
import type { HostedSpeechDeps } from './deps.js';

export type { HostedSpeechDeps } from './deps.js';

/** Speech on somebody else's machines, by the second or by the character. */
export const hostedSpeechConfig = z.discriminatedUnion('provider', [
  z.strictObject({
    provider: z.literal('runpod').describe("Chatterbox on RunPod's serverless machines."),
    apiKey: runPodApiKeySchema,
    ...runPodSpeechSchema.shape,
  }),
  z.strictObject({
    provider: z.literal('replicate').describe('Chatterbox Turbo, or another model, on Replicate.'),
    apiKey: replicateApiKeySchema,
    ...replicateSpeechSchema.shape,
  }),
  z.strictObject({
    provider: z.literal('together').describe('Together.ai, which has other models than Chatterbox.'),
    apiKey: togetherApiKeySchema,
    ...togetherSpeechSchema.shape,
  }),
]);

/** Defaults filled in. */
export type HostedSpeechConfig = z.output<typeof hostedSpeechConfig>;

/**
 * The backend of a configuration; nothing is connected before it is used.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see
 */
export function createHostedSpeech(config: HostedSpeechConfig, deps: HostedSpeechDeps = {}): SpeechBackend {
  switch (config.provider) {
    case 'runpod': {
      const { provider: _, apiKey, ...speak } = config;
      return createRunPodSpeech(speak, { apiKey, ...deps });
    }
    case 'replicate': {
      const { provider: _, apiKey, ...speak } = config;
      return createReplicateSpeech(speak, { apiKey, ...deps });
    }
    case 'together': {
      const { provider: _, apiKey, ...speak } = config;
      return createTogetherSpeech(speak, { apiKey, ...deps });
    }
    default:
      return assertUnreachable(config);
  }
}

import * as z from 'zod';
import { chatterboxConfig, createChatterboxBackend } from './chatterbox/index.js';
import { createHostedSpeech, hostedSpeechConfig } from './hosted/index.js';
import { OpenAiSpeechBackend, openAiSpeechSchema } from './openai-speech/index.js';
import { createSherpaSpeechBackend, sherpaSpeakSchema } from './sherpa/index.js';
import type { SpeechBackend } from './speech-server/backend.js';
import type { SpeechServerDeps } from './speech-server/deps.js';

const openAiSpeech = z.literal('openai-speech').describe('OpenAI, or a server with its `/v1/audio/speech`.');
const sherpa = z.literal('sherpa-onnx').describe('sherpa-onnx, in a process of its own, without a server.');

/** What turns one text into speech by one request, a server mostly, in a flavor's section of the configuration. */
export const speechBackendConfig = z
  .discriminatedUnion('provider', [
    chatterboxConfig,
    z.strictObject({ provider: openAiSpeech, ...openAiSpeechSchema.shape }),
    hostedSpeechConfig,
    z.strictObject({ provider: sherpa, ...sherpaSpeakSchema.shape }),
  ])
  .describe('Who makes speech.');

/** Defaults filled in. */
export type SpeechBackendConfig = z.output<typeof speechBackendConfig>;

/**
 * The maker of speech of a configuration; nothing is asked of it before it is used.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see.
 */
export function createSpeechBackend(config: SpeechBackendConfig, deps: SpeechServerDeps = {}): SpeechBackend {
  switch (config.provider) {
    case 'chatterbox':
      return createChatterboxBackend(config, deps);
    case 'openai-speech':
      return new OpenAiSpeechBackend(config, deps);
    case 'sherpa-onnx': {
      const { provider: _, ...speak } = config;
      return createSherpaSpeechBackend(speak);
    }
    default:
      return createHostedSpeech(config, deps);
  }
}

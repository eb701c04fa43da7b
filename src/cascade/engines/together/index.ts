/** Voices of Together.ai. */

export { createTogetherSpeech, type TogetherDeps } from './backend.js';
export { type TogetherSpeechConfig, togetherApiKeySchema, togetherSpeechSchema } from './config.js';

/** Voices of Together.ai. */

export { createTogetherSpeech } from './backend.js';
export { type TogetherSpeechConfig, togetherApiKeySchema, togetherSpeechSchema } from './config.js';

/** Deepgram's recognisers and voices as stages of a cascade. */

export { deepgramApiKeySchema } from './endpoint.js';
export {
  type DeepgramListenConfig,
  deepgramListenSchema,
} from './listen-config.js';
export { type DeepgramSpeakConfig, deepgramSpeakSchema } from './speak-config.js';
export { createDeepgramSpeechToText, type DeepgramDeps } from './speech-to-text.js';
export { createDeepgramTextToSpeech } from './text-to-speech.js';

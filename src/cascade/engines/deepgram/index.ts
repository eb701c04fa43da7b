/** Deepgram's recognisers and voices as stages of a cascade. */

export { connectDeepgram, type DeepgramDialling, deepgramAudio, deepgramFailure } from './connect.js';
export { deepgramApiKeySchema } from './endpoint.js';
export {
  type DeepgramListenConfig,
  deepgramListenSchema,
} from './listen-config.js';
export type { DeepgramConnection, DeepgramSocketListener } from './socket.js';
export { type DeepgramSpeakConfig, deepgramSpeakSchema } from './speak-config.js';
export { createDeepgramSpeechToText, type DeepgramDeps } from './speech-to-text.js';
export { createDeepgramTextToSpeech } from './text-to-speech.js';

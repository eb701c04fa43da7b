/** Recognisers and voices of sherpa-onnx, without a server, as stages of a cascade. */

export { type SherpaListenConfig, type SherpaSpeakConfig, sherpaListenSchema, sherpaSpeakSchema } from './config.js';
export { createSherpaSpeechBackend } from './speech-backend.js';
export { createSherpaSpeechToText, type SherpaDeps } from './speech-to-text.js';

/** Whisper and what answers like it, as a stage of a cascade. */

export { type WhisperListenConfig, whisperListenSchema } from './config.js';
export { createWhisperSpeechToText, type WhisperDeps } from './speech-to-text.js';

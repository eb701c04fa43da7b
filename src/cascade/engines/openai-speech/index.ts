/** Speech of OpenAI, and of any server with its API, as a backend. */

export { OpenAiSpeechBackend } from './openai-speech.js';
export { type OpenAiSpeechConfig, openAiSpeechSchema } from './options.js';

/** Chatterbox on RunPod's serverless machines. */

export { createRunPodSpeech } from './backend.js';
export { type RunPodSpeechConfig, runPodApiKeySchema, runPodSpeechSchema } from './config.js';

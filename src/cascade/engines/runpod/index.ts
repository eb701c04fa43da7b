/** Chatterbox on RunPod's serverless machines. */

export { createRunPodSpeech, type RunPodDeps } from './backend.js';
export { type RunPodSpeechConfig, runPodApiKeySchema, runPodSpeechSchema } from './config.js';

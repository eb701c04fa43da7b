/** Chatterbox, and other voices, on Replicate. */

export { createReplicateSpeech } from './backend.js';
export { type ReplicateSpeechConfig, replicateApiKeySchema, replicateSpeechSchema } from './config.js';

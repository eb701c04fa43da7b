/** Azure Speech: its recogniser and its voices, as stages of a cascade. */
export { type AzureListenConfig, azureListenSchema } from './listen-config.js';
export { type AzureResource, azureResourceSchema } from './resource.js';
export { type AzureSpeakConfig, azureSpeakSchema } from './speak-config.js';
export { type AzureDeps, createAzureSpeechToText } from './speech-to-text.js';
export { azureVoiceLanguage } from './ssml.js';
export { createAzureTextToSpeech } from './text-to-speech.js';

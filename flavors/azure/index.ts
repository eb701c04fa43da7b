import {
  azureVoiceLanguage,
  createAzureSpeechToText,
  createAzureTextToSpeech,
  createCascade,
  createLanguageModel,
} from 'sip-voice-connector/cascade';
import { defineFlavor, type Flavor } from 'sip-voice-connector/flavor';
import { type AzureConfig, azureConfigSchema } from './config.js';

/** Azure hears and speaks, any language model thinks. */
export default defineFlavor<AzureConfig>({
  manifest: { id: 'azure', displayName: 'Azure Speech', apiVersion: 1, configSchema: azureConfigSchema },
  create({ speech, stt, llm, tts, language, ...options }, deps): Flavor {
    const stages = {
      stt: createAzureSpeechToText(stt, { resource: speech }),
      tts: createAzureTextToSpeech(tts, { resource: speech }),
      llm: createLanguageModel(llm),
    };
    return createCascade(stages, { ...options, language: language ?? azureVoiceLanguage(tts.voice) }, deps);
  },
});

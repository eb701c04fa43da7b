import {
  azureVoiceLanguage,
  createAzureSpeechToText,
  createAzureTextToSpeech,
  createCascade,
  createLanguageModel,
  hastyIf,
  withStandby,
} from 'sip-voice-connector/cascade';
import { defineFlavor, type Flavor } from 'sip-voice-connector/flavor';
import { type AzureConfig, azureConfigSchema } from './config.js';

/** Azure hears and speaks, any language model thinks. */
export default defineFlavor<AzureConfig>({
  manifest: { id: 'azure', displayName: 'Azure Speech', apiVersion: 1, configSchema: azureConfigSchema },
  create({ speech, stt, llm, tts, standby, language, ...options }, deps): Flavor {
    const stages = {
      stt: createAzureSpeechToText(hastyIf(standby.stt.length > 0, stt), { resource: speech }),
      tts: createAzureTextToSpeech(hastyIf(standby.tts.length > 0, tts), { resource: speech }),
      llm: createLanguageModel(llm),
    };
    return createCascade(
      withStandby(stages, standby, { log: deps.log }),
      { ...options, language: language ?? azureVoiceLanguage(tts.voice) },
      deps,
    );
  },
});

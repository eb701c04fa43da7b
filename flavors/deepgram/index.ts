import {
  createCascade,
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  createLanguageModel,
  hastyIf,
  withStandby,
} from 'sip-voice-connector/cascade';
import { defineFlavor, type Flavor } from 'sip-voice-connector/flavor';
import { type DeepgramConfig, deepgramConfigSchema } from './config.js';

/** Deepgram hears and speaks, any language model thinks. */
export default defineFlavor<DeepgramConfig>({
  manifest: { id: 'deepgram', displayName: 'Deepgram', apiVersion: 1, configSchema: deepgramConfigSchema },
  create({ apiKey, stt, llm, tts, standby, ...options }, deps): Flavor {
    const stages = {
      stt: createDeepgramSpeechToText(hastyIf(standby.stt.length > 0, stt), { apiKey }),
      tts: createDeepgramTextToSpeech(hastyIf(standby.tts.length > 0, tts), { apiKey }),
      llm: createLanguageModel(llm),
    };
    return createCascade(withStandby(stages, standby, { log: deps.log }), options, deps);
  },
});

import {
  createCascade,
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  createLanguageModel,
} from 'sip-voice-connector/cascade';
import { defineFlavor, type Flavor } from 'sip-voice-connector/flavor';
import { type DeepgramConfig, deepgramConfigSchema } from './config.js';

/** Deepgram hears and speaks, any language model thinks. */
export default defineFlavor<DeepgramConfig>({
  manifest: { id: 'deepgram', displayName: 'Deepgram', apiVersion: 1, configSchema: deepgramConfigSchema },
  create({ apiKey, stt, llm, tts, ...options }, deps): Flavor {
    const stages = {
      stt: createDeepgramSpeechToText(stt, { apiKey }),
      tts: createDeepgramTextToSpeech(tts, { apiKey }),
      llm: createLanguageModel(llm),
    };
    return createCascade(stages, options, deps);
  },
});

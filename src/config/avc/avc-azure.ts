import { type AvcOptions, grouped, said } from './avc-options.js';
import type { AvcSection } from './avc-sections.js';

/** Reads `[azure]`: Azure Speech around a model of OpenAI's. `instructions` and `welcome_message` are read elsewhere. */
export function readAvcAzure(section: AvcSection): AvcOptions {
  const language = section.get('language', 'AZURE_LANGUAGE');
  return {
    refused: [],
    transferTo: undefined,
    options: grouped({
      speech: said({ key: section.get('key', 'AZURE_KEY'), region: section.get('region', 'AZURE_REGION') }),
      stt: said({ languages: language === undefined ? undefined : [language] }),
      llm: said({
        apiKey: section.get(['chatgpt_key', 'openai_key'], ['CHATGPT_API_KEY', 'OPENAI_API_KEY']),
        model: section.get('chatgpt_model', 'CHATGPT_API_MODEL'),
      }),
      tts: said({ voice: section.get('voice', 'AZURE_VOICE') }),
    }),
  };
}

import { type AvcOptions, grouped, said } from './avc-options.js';
import type { AvcSection } from './avc-sections.js';

/**
 * Reads `[deepgram]`: Deepgram's recogniser and voice around a model of OpenAI's. `instructions` and `welcome_message` are
 * read elsewhere.
 */
export function readAvcDeepgram(section: AvcSection): AvcOptions {
  const model = section.get('speech_model', 'DEEPGRAM_SPEECH_MODEL');
  const language = section.get('language', 'DEEPGRAM_LANGUAGE');
  const flux = model?.startsWith('flux-') === true;
  const refused = flux && language !== undefined ? [{ option: 'language', why: `${model} has none; left out` }] : [];
  return {
    refused,
    transferTo: undefined,
    options: grouped({
      apiKey: section.get('key', 'DEEPGRAM_API_KEY'),
      stt: said({ model, language: flux ? undefined : language }),
      llm: said({
        apiKey: section.get(['chatgpt_key', 'openai_key'], ['CHATGPT_API_KEY', 'OPENAI_API_KEY']),
        model: section.get('chatgpt_model', 'CHATGPT_API_MODEL'),
      }),
      tts: said({ model: section.get('voice', 'DEEPGRAM_VOICE') }),
    }),
  };
}

/** Reads `[deepgram_native]`: the Voice Agent API. What its section does not say, `[deepgram]` did: `inherited`. */
export function readAvcDeepgramNative(section: AvcSection, inherited?: AvcSection): AvcOptions {
  const url = section.get('llm_url', 'DEEPGRAM_LLM_URL');
  const key = section.get(['llm_key', 'llm_auth'], 'DEEPGRAM_LLM_KEY');
  const refused =
    key !== undefined && url === undefined
      ? [{ option: 'llm_key', why: 'without llm_url it goes nowhere; left out' }]
      : [];
  const endpoint = url === undefined ? undefined : { url, ...(key !== undefined && { headers: authorization(key) }) };
  return {
    refused,
    transferTo: undefined,
    options: grouped({
      apiKey: section.get('key', 'DEEPGRAM_API_KEY') ?? inherited?.get('key'),
      listen: said({
        model: section.get('speech_model', 'DEEPGRAM_NATIVE_SPEECH_MODEL') ?? inherited?.get('speech_model'),
      }),
      think: said({ model: section.get('llm_model', 'DEEPGRAM_LLM_MODEL'), endpoint }),
      speak: said({ model: section.get('voice', 'DEEPGRAM_NATIVE_VOICE') ?? inherited?.get('voice') }),
    }),
  };
}

function authorization(key: string): Readonly<Record<string, string>> {
  return { authorization: /^bearer /i.test(key) ? key : `Bearer ${key}` };
}

import { type AvcOptions, said } from './avc-options.js';
import type { AvcSection } from './avc-sections.js';

/** It spoke the protocol before general availability to everybody; api.openai.com does not any more. */
function isBeta(url: string): boolean {
  return !/^wss:\/\/api\.openai\.com\//.test(url);
}

/** Reads a section, but for what a route says of a call: `instructions` and `welcome_message`. */
export function readAvcOpenai(section: AvcSection): AvcOptions {
  const refused: { option: string; why: string }[] = [];
  const url = section.get('url', 'OPENAI_URL');
  const beta = url !== undefined && isBeta(url);
  const temperature = section.getNumber('temperature', 'OPENAI_TEMPERATURE');
  if (temperature !== undefined && !beta) {
    refused.push({ option: 'temperature', why: 'the service has none any more; left out' });
  }
  if ((section.get('tools', 'OPENAI_TOOLS') ?? '') !== '') {
    const why = 'Python files cannot be run; see docs/9-tools.md for webhooks, MCP servers and modules';
    refused.push({ option: 'tools', why });
  }
  if (section.get('transfer_by', 'OPENAI_TRANSFER_BY') !== undefined) {
    refused.push({ option: 'transfer_by', why: 'left out; Referred-By is the number the caller dialled' });
  }
  const model = section.get('model', 'OPENAI_API_MODEL');
  const gone = !beta && model !== undefined && /^gpt-4o(?:-mini)?-realtime-preview/.test(model);
  if (gone) refused.push({ option: 'model', why: 'the previews are gone from the service; gpt-realtime is taken' });
  const target = section.get('transfer_to', 'OPENAI_TRANSFER_TO') ?? '';
  return {
    refused,
    transferTo: target === '' || /^[a-z]+:/i.test(target) ? target || undefined : `sip:${target}`,
    options: said({
      apiKey: section.get(['key', 'openai_key'], 'OPENAI_API_KEY'),
      model: gone ? 'gpt-realtime' : model,
      url: url?.replace(/[?&]model=[^&]*$/, ''),
      dialect: beta ? 'beta' : undefined,
      temperature: beta ? temperature : undefined,
      voice: section.get(['voice', 'openai_voice'], 'OPENAI_VOICE'),
      turnDetection: turnDetectionOf(section),
      maxOutputTokens: section.getNumber('max_tokens', 'OPENAI_MAX_TOKENS'),
    }),
  };
}

function turnDetectionOf(section: AvcSection): Readonly<Record<string, unknown>> | undefined {
  const type = section.get('turn_detection_type', 'OPENAI_TURN_DETECT_TYPE');
  if (type === 'semantic_vad') return { type };
  const values = said({
    threshold: section.getNumber('turn_detection_threshold', 'OPENAI_TURN_DETECT_THRESHOLD'),
    prefixPaddingMs: section.getNumber('turn_detection_prefix_ms', 'OPENAI_TURN_DETECT_PREFIX_MS'),
    silenceDurationMs: section.getNumber('turn_detection_silence_ms', 'OPENAI_TURN_DETECT_SILENCE_MS'),
  });
  return type === undefined && Object.keys(values).length === 0 ? undefined : { type: 'server_vad', ...values };
}

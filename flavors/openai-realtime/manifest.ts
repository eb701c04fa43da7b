import type { AudioFormat, FlavorCapabilities, FlavorManifest } from 'sip-voice-connector/flavor';
import { type RealtimeConfig, realtimeConfigSchema } from './config.js';

export const realtimeManifest: FlavorManifest<RealtimeConfig> = {
  id: 'openai-realtime',
  displayName: 'OpenAI Realtime',
  apiVersion: 1,
  configSchema: realtimeConfigSchema,
};

/** Preferred first: the phone's own codecs pass through untouched. */
const gaFormats: readonly AudioFormat[] = [
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 24000 },
];

/** All that servers of the old protocol have in common. */
const betaFormats: readonly AudioFormat[] = [{ encoding: 'pcm16', sampleRate: 24000 }];

export function realtimeCapabilities(config: RealtimeConfig): FlavorCapabilities {
  const formats = config.dialect === 'beta' ? betaFormats : gaFormats;
  return {
    kind: 'speech-to-speech',
    input: formats,
    output: formats,
    turnTaking: config.turnDetection.type === 'host' ? 'host' : 'flavor',
    truncation: true,
    tools: config.tools,
    parallelTools: config.tools,
    // A model asked for exact words nearly always says them.
    verbatimSpeech: false,
    needsVad: true,
    interruptible: true,
    dtmf: true,
    updatable: true,
  };
}

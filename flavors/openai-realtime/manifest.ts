import type { AudioFormat, FlavorCapabilities, FlavorManifest } from 'sip-voice-connector/flavor';
import { type RealtimeConfig, realtimeConfigSchema, type TurnDetection } from './config.js';

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

/**
 * Longest silence that semantic VAD lets pass before it ends a turn, ms.
 * https://platform.openai.com/docs/guides/realtime-vad: 8, 4 and 2 s; `auto` is `medium`.
 */
const semanticTimeoutMs = { low: 8_000, medium: 4_000, auto: 4_000, high: 2_000 } as const;

/** Silence of the caller after which the service ends a turn at the latest, ms; `undefined` where the host does. */
function endOfTurnMs(detection: TurnDetection): number | undefined {
  switch (detection.type) {
    case 'server_vad':
      return detection.silenceDurationMs;
    case 'semantic_vad':
      return semanticTimeoutMs[detection.eagerness];
    case 'host':
      return undefined;
  }
}

export function realtimeCapabilities(config: RealtimeConfig): FlavorCapabilities {
  const formats = config.dialect === 'beta' ? betaFormats : gaFormats;
  const turnEndMs = endOfTurnMs(config.turnDetection);
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
    greets: config.greeting !== '',
    ...(turnEndMs !== undefined && { endOfTurnMs: turnEndMs }),
    dtmf: true,
    updatable: true,
  };
}

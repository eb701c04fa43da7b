import type { FlavorCapabilities, FlavorManifest } from 'sip-voice-connector/flavor';
import { type EchoConfig, echoConfigSchema } from './config.js';

export const echoManifest: FlavorManifest<EchoConfig> = {
  id: 'echo',
  displayName: 'Echo',
  apiVersion: 1,
  configSchema: echoConfigSchema,
};

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const alaw = { encoding: 'alaw', sampleRate: 8000 } as const;
/** The voice's own format; the caller's words share it, so that one session has one format. */
const pcm16 = { encoding: 'pcm16', sampleRate: 16000 } as const;
/** What each phone codec is to the host: whatever the phone speaks comes back as it was. */
const anyPhone = [mulaw, alaw, pcm16, { encoding: 'pcm16', sampleRate: 24000 }] as const;

/** By mode; in turns without a greeting of its own. */
const capabilitiesOf = {
  immediate: {
    kind: 'speech-to-speech',
    input: anyPhone,
    output: anyPhone,
    turnTaking: 'flavor',
    truncation: false,
    tools: false,
    verbatimSpeech: false,
    instructions: false,
    needsVad: false,
    interruptible: false,
  },
  turns: {
    kind: 'cascade',
    input: [pcm16],
    output: [pcm16],
    turnTaking: 'host',
    truncation: false,
    tools: true,
    verbatimSpeech: true,
    instructions: false,
    needsVad: true,
    interruptible: true,
    dtmf: true,
  },
} as const satisfies Record<EchoConfig['mode'], FlavorCapabilities>;

/** What an echo of this configuration can do. */
export function echoCapabilities({ mode, greeting }: Pick<EchoConfig, 'mode' | 'greeting'>): FlavorCapabilities {
  const capabilities = capabilitiesOf[mode];
  return mode === 'turns' ? { ...capabilities, greets: greeting !== '' } : capabilities;
}

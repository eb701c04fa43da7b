import { createSystemClock, createSystemRandom, deepgramAudio, SharedTls } from 'sip-voice-connector/cascade';
import {
  type CallContext,
  defineFlavor,
  type Flavor,
  type FlavorCapabilities,
  type FlavorDeps,
  FlavorError,
} from 'sip-voice-connector/flavor';
import { type AgentConfig, agentConfigSchema } from './config.js';
import { Line, type LineDeps } from './line.js';
import { AgentSession } from './session.js';
import { settingsOf } from './settings.js';

/** Deepgram's Voice Agent API: hears, thinks and speaks over one connection. */
export default defineFlavor<AgentConfig>({
  manifest: {
    id: 'deepgram-agent',
    displayName: 'Deepgram Voice Agent',
    apiVersion: 1,
    configSchema: agentConfigSchema,
  },
  create(config, deps): Flavor {
    checkAgentConfig(config);
    return new AgentFlavor(config, deps);
  },
});

/** @throws FlavorError with ERR_FLAVOR_CONFIG for what Deepgram refuses together. */
function checkAgentConfig({ listen }: AgentConfig): void {
  const { model, language, eotThreshold = 0.7, eagerEotThreshold } = listen;
  const flux = model.startsWith('flux-');
  if (flux && language !== undefined) throw wrong(`listen.language: the model ${model} has no such setting`);
  const thresholds = [listen.eotThreshold, listen.eagerEotThreshold, listen.eotTimeoutMs];
  if (!flux && thresholds.some((each) => each !== undefined)) {
    throw wrong(`listen: the model ${model} has no thresholds`);
  }
  if (eagerEotThreshold !== undefined && eagerEotThreshold > eotThreshold) {
    throw wrong('listen.eagerEotThreshold: not above eotThreshold');
  }
}

function wrong(message: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

/** Longest silence that ends a turn, ms, where the configuration does not say. */
const TURN_TIMEOUT_MS = 5_000;

function capabilitiesOf(config: AgentConfig): FlavorCapabilities {
  const formats = deepgramAudio.map(({ format }) => format);
  return {
    kind: 'speech-to-speech',
    input: formats,
    output: formats,
    turnTaking: 'flavor',
    // Deepgram keeps the dialogue and takes no correction of it.
    truncation: false,
    tools: config.tools,
    parallelTools: config.tools,
    verbatimSpeech: true,
    needsVad: false,
    interruptible: true,
    greets: config.greeting !== '',
    endOfTurnMs: config.listen.eotTimeoutMs ?? TURN_TIMEOUT_MS,
    dtmf: true,
    updatable: true,
  };
}

class AgentFlavor implements Flavor {
  readonly capabilities: FlavorCapabilities;
  readonly #config: AgentConfig;
  readonly #deps: LineDeps;

  constructor(config: AgentConfig, deps: FlavorDeps) {
    this.#config = config;
    const clock = { ...createSystemClock(), now: () => deps.now() };
    this.#deps = { clock, random: createSystemRandom(), tls: new SharedTls() };
    this.capabilities = capabilitiesOf(config);
  }

  /** A connection up to the settings being taken, which looks at key, models and voice; a second of it is charged. */
  async check(signal: AbortSignal): Promise<void> {
    const ignore = (): void => undefined;
    const format = { encoding: 'mulaw', sampleRate: 8000 } as const;
    const setup = { instructions: '', tools: [], greeting: '', history: [] };
    const line = new Line(
      this.#config,
      {
        settings: () => settingsOf(this.#config, { input: format, output: format }, setup),
        onMessage: ignore,
        onAudio: ignore,
        onWarning: ignore,
        onLost: ignore,
        onReady: ignore,
        onFailed: ignore,
      },
      this.#deps,
    );
    try {
      await line.open(signal);
    } finally {
      line.close();
    }
  }

  open(call: CallContext): Promise<AgentSession> {
    return new AgentSession(this.#config, call, this.#deps).open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every connection is a session's, and ends with it.
  }
}

import { type Clock, createSystemClock } from '../../../base/clock.js';
import { createSystemRandom, type Random } from '../../../base/random.js';
import type { AudioFormat } from '../../../flavor-api/index.js';
import type {
  SpeechToText,
  SpeechToTextCapabilities,
  SpeechToTextRequest,
  SpeechToTextStream,
} from '../../stages/speech-to-text.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { HostGuard } from '../shared/host-guard.js';
import { ListenStream } from '../shared/listen-stream.js';
import { SharedTls } from '../shared/shared-tls.js';
import { webSocketUrl } from './endpoint.js';
import { FluxReader } from './flux-reader.js';
import {
  checkListenConfig,
  chunksOf,
  type DeepgramListenConfig,
  fluxParameters,
  isFlux,
  novaParameters,
} from './listen-config.js';
import { ListenLine } from './listen-line.js';
import { NovaReader } from './nova-reader.js';
import { DeepgramSocket, type Dial } from './socket.js';
import { deepgramFormats, encodingOf } from './wire-format.js';

/** The key, and what a flavor may lend; all but the key has a default of the process's own. */
export interface DeepgramDeps {
  readonly apiKey: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}

/** What an engine works with. */
export type DeepgramParts = Required<DeepgramDeps> & { readonly tls: SharedTls };

export function deepgramParts({ apiKey, clock, random, guard }: DeepgramDeps): DeepgramParts {
  const tls = new SharedTls();
  return { apiKey, clock: clock ?? createSystemClock(), random: random ?? createSystemRandom(), guard, tls };
}

/**
 * Deepgram's recognisers: Nova over listen v1, Flux over listen v2.
 *
 * @throws FlavorError with ERR_FLAVOR_CONFIG for settings that do not go together.
 */
export function createDeepgramSpeechToText(config: DeepgramListenConfig, deps: DeepgramDeps): SpeechToText {
  checkListenConfig(config);
  return new DeepgramSpeechToText(config, deepgramParts(deps));
}

class DeepgramSpeechToText implements SpeechToText {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechToTextCapabilities;
  readonly #config: DeepgramListenConfig;
  readonly #deps: DeepgramParts;
  readonly #flux: boolean;

  constructor(config: DeepgramListenConfig, deps: DeepgramParts) {
    this.#config = config;
    this.#deps = deps;
    this.#flux = isFlux(config);
    this.identity = { provider: 'deepgram', model: config.model };
    this.capabilities = {
      input: deepgramFormats,
      endOfTurn: this.#flux || config.turns === 'deepgram',
      eagerEndOfTurn: this.#flux && config.eagerEotThreshold !== null,
      wordTimes: !this.#flux,
      finalize: !this.#flux,
    };
  }

  /** A connection as a call would have it: key, plan, model and settings are all looked at, and no audio is charged. */
  async check(signal: AbortSignal): Promise<void> {
    const listener = {
      onMessage: () => undefined,
      onAudio: () => undefined,
      onFault: () => undefined,
      onLost: () => undefined,
    };
    const format: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };
    const connection = await this.#dialer(format)(listener, signal);
    connection.close({ type: 'CloseStream' });
  }

  async open({ input }: SpeechToTextRequest, signal: AbortSignal): Promise<SpeechToTextStream> {
    signal.throwIfAborted();
    const { replaySeconds, answerTimeoutMs, reconnect, turns } = this.#config;
    const { clock, random } = this.#deps;
    const stream = new ListenStream(this.identity, signal, (handlers) => {
      const reader = this.#flux ? new FluxReader() : new NovaReader(turns === 'deepgram');
      const dial = this.#dialer(input);
      const replayMs = replaySeconds * 1000;
      return new ListenLine(
        {
          format: input,
          ...chunksOf(this.#config),
          replayMs,
          flux: this.#flux,
          answerTimeoutMs,
          reconnect,
          clock,
          random,
          reader,
          dial,
        },
        handlers,
      );
    });
    await stream.open(signal);
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every connection is a stream's, and ends with it.
  }

  #dialer(format: AudioFormat): Dial {
    const url = webSocketUrl(this.#config.url, this.#flux ? '/v2/listen' : '/v1/listen');
    url.searchParams.set('model', this.#config.model);
    url.searchParams.set('encoding', encodingOf(format));
    url.searchParams.set('sample_rate', String(format.sampleRate));
    const parameters = this.#flux ? fluxParameters(this.#config) : novaParameters(this.#config);
    for (const [name, value] of parameters) url.searchParams.append(name, String(value));
    const { apiKey, clock, tls, guard } = this.#deps;
    const timeoutMs = this.#config.connectTimeoutMs;
    return (listener, signal) =>
      DeepgramSocket.connect({ url, apiKey, timeoutMs, clock, tls, guard }, listener, signal);
  }
}

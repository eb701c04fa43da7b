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
import { type HeardLineHandlers, ListenStream } from '../shared/listen-stream.js';
import { SharedTls } from '../shared/shared-tls.js';
import { type AzureListener, connectAzure, type Dial } from './connection.js';
import { type AzureListenConfig, listenParameters, speechContext } from './listen-config.js';
import { ListenLine } from './listen-line.js';
import { type AzureResource, serviceUrl } from './resource.js';
import { azureInputFormats } from './wire-format.js';

/** What an engine is lent. */
export interface AzureDeps {
  readonly resource: AzureResource;
  /** In place of the system's, for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

export type AzureParts = Required<AzureDeps> & { readonly tls: SharedTls };

export function azureParts({ resource, clock, random }: AzureDeps): AzureParts {
  const tls = new SharedTls();
  return { resource, clock: clock ?? createSystemClock(), random: random ?? createSystemRandom(), tls };
}

/**
 * Azure's real-time recogniser.
 *
 * @throws FlavorError with ERR_FLAVOR_CONFIG when the resource has neither a region nor an endpoint, or both.
 */
export function createAzureSpeechToText(config: AzureListenConfig, deps: AzureDeps): SpeechToText {
  return new AzureSpeechToText(config, azureParts(deps));
}

class AzureSpeechToText implements SpeechToText {
  readonly identity: StageIdentity = { provider: 'azure', model: 'speech-to-text' };
  readonly capabilities: SpeechToTextCapabilities;
  readonly #config: AzureListenConfig;
  readonly #deps: AzureParts;
  readonly #dial: Dial;

  constructor(config: AzureListenConfig, deps: AzureParts) {
    this.#config = config;
    this.#deps = deps;
    this.capabilities = {
      input: azureInputFormats,
      endOfTurn: false,
      eagerEndOfTurn: false,
      wordTimes: true,
      finalize: config.finalizeOnPause,
    };
    const { resource, clock, random, tls } = deps;
    const url = serviceUrl(resource, 'stt');
    for (const [name, value] of listenParameters(config)) url.searchParams.append(name, value);
    const options = { url, key: resource.key, timeoutMs: config.connectTimeoutMs, clock, random, tls };
    this.#dial = (listener, signal) => connectAzure(options, listener, signal);
  }

  /** A connection as a call would have it; no audio is sent, and none charged. */
  async check(signal: AbortSignal): Promise<void> {
    (await this.#dial(deafListener, signal)).close();
  }

  async open({ input }: SpeechToTextRequest, signal: AbortSignal): Promise<SpeechToTextStream> {
    signal.throwIfAborted();
    const stream = new ListenStream(this.identity, signal, (handlers) => this.#line(input, handlers));
    await stream.open(signal);
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every connection is a stream's, and ends with it.
  }

  #line(format: AudioFormat, handlers: HeardLineHandlers): ListenLine {
    const { chunkMs, replaySeconds, finalizeOnPause, answerTimeoutMs, reconnect } = this.#config;
    const { clock, random } = this.#deps;
    return new ListenLine(
      {
        format,
        chunkMs,
        replayMs: replaySeconds * 1000,
        context: speechContext(this.#config),
        finalizeOnPause,
        answerTimeoutMs,
        reconnect,
        clock,
        random,
        dial: this.#dial,
      },
      handlers,
    );
  }
}

/** For a connection that is only to stand. */
export const deafListener: AzureListener = {
  onMessage: () => undefined,
  onFault: () => undefined,
  onLost: () => undefined,
};

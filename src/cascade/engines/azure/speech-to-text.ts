import { type Clock, createSystemClock } from '../../../base/clock.js';
import { createSystemRandom, type Random } from '../../../base/random.js';
import type { AudioFormat } from '../../../flavor-api/index.js';
import { EventStream } from '../../stages/event-stream.js';
import type {
  SpeechToText,
  SpeechToTextCapabilities,
  SpeechToTextEvent,
  SpeechToTextRequest,
  SpeechToTextStream,
} from '../../stages/speech-to-text.js';
import type { StageIdentity } from '../../stages/stage.js';
import { SharedTls } from '../shared/shared-tls.js';
import { type AzureListener, connectAzure, type Dial } from './connection.js';
import { type AzureListenConfig, listenParameters, speechContext } from './listen-config.js';
import { ListenLine, type ListenLineHandlers } from './listen-line.js';
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

/** Usage is told whenever so much audio was sent, ms, so that a cap on spending can act in mid-call. */
const USAGE_EVERY_MS = 30_000;

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

  #line(format: AudioFormat, handlers: ListenLineHandlers): ListenLine {
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

type MakeLine = (handlers: ListenLineHandlers) => ListenLine;

/** One caller's recogniser. */
class ListenStream implements SpeechToTextStream {
  readonly events = new EventStream<SpeechToTextEvent>();
  readonly #identity: StageIdentity;
  readonly #signal: AbortSignal;
  readonly #line: ListenLine;
  readonly #onAbort = (): void => this.close();
  #unreportedMs = 0;

  constructor(identity: StageIdentity, signal: AbortSignal, makeLine: MakeLine) {
    this.#identity = identity;
    this.#signal = signal;
    this.#line = makeLine({
      onEvent: (event) => this.events.push(event),
      onSent: (audioMs) => this.#sent(audioMs),
      onFailed: (error) => {
        this.#stop();
        this.events.push({ type: 'end', error });
      },
    });
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#line.open(signal);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) {
      this.close();
      throw signal.reason;
    }
  }

  get awaitedInputMs(): number {
    return this.#line.awaitedMs;
  }

  write(frame: Parameters<SpeechToTextStream['write']>[0]): void {
    if (!this.events.ended) this.#line.write(frame);
  }

  finalize(): void {
    if (!this.events.ended) this.#line.finalize();
  }

  close(): void {
    if (this.events.ended) return;
    this.#stop();
    this.events.push({ type: 'end' });
  }

  #stop(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#line.close();
    this.#reportUsage();
  }

  #sent(audioMs: number): void {
    this.#unreportedMs += audioMs;
    if (this.#unreportedMs >= USAGE_EVERY_MS) this.#reportUsage();
  }

  #reportUsage(): void {
    const quantity = Math.round(this.#unreportedMs);
    this.#unreportedMs = 0;
    if (quantity > 0) this.events.push({ type: 'usage', ...this.#identity, unit: 'audio-ms', quantity });
  }
}

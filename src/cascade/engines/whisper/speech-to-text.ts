import { type Clock, createSystemClock } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type {
  SpeechToText,
  SpeechToTextCapabilities,
  SpeechToTextRequest,
  SpeechToTextStream,
} from '../../stages/speech-to-text.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { HostGuard } from '../shared/host-guard.js';
import { SharedTls } from '../shared/shared-tls.js';
import { SpeechHttp } from '../speech-server/http.js';
import { Slots } from '../speech-server/slots.js';
import { whisperFormats } from './caller-ear.js';
import { concurrencyOf, type SegmentOptions, type WhisperListenConfig } from './config.js';
import { OpenAiServer } from './openai-server.js';
import { type RealtimeParts, RealtimeSession } from './realtime-session.js';
import { RealtimeStream } from './realtime-stream.js';
import { RequestStream } from './request-stream.js';
import type { WhisperServer } from './server.js';
import { WhisperCppServer } from './whisper-cpp-server.js';

/** What a flavor may lend; all of it has a default of the process's own. */
export interface WhisperDeps {
  readonly clock?: Clock;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}

/** In messages. */
const WHO = 'the Whisper server';
/** A server that has answered so lately need not be asked whether it is there, ms. */
const WELL_MS = 30_000;

/**
 * Whisper, made a streaming recogniser.
 *
 * @throws FlavorError with ERR_FLAVOR_CONFIG for an address that the server cannot have.
 */
export function createWhisperSpeechToText(config: WhisperListenConfig, deps: WhisperDeps = {}): SpeechToText {
  const clock = deps.clock ?? createSystemClock();
  if (config.server === 'speaches-realtime') {
    checkRealtimeConfig(config);
    return new RealtimeSpeechToText(config, clock, deps.guard);
  }
  if (!/^http/i.test(config.url)) {
    throw new FlavorError('ERR_FLAVOR_CONFIG', 'url: this kind of server has an http or https address', false);
  }
  const http = new SpeechHttp({ who: WHO, connectTimeoutMs: config.connectTimeoutMs, clock, guard: deps.guard });
  const server = config.server === 'whisper.cpp' ? new WhisperCppServer(config, http) : new OpenAiServer(config, http);
  const identity = whisperIdentity(config);
  return recordingsToText({ config, server, identity, concurrency: concurrencyOf(config), clock });
}

export interface RecordingsOptions {
  readonly config: SegmentOptions;
  /** Belongs to what is made of it. */
  readonly server: WhisperServer;
  readonly identity: StageIdentity;
  /** Recordings that it works on at once. */
  readonly concurrency: number;
  readonly clock: Clock;
}

/** A streaming recogniser out of whoever is given recordings. */
export function recordingsToText(options: RecordingsOptions): SpeechToText {
  return new RecordingSpeechToText(options);
}

const capabilities: SpeechToTextCapabilities = {
  input: whisperFormats,
  endOfTurn: false,
  eagerEndOfTurn: false,
  wordTimes: false,
  finalize: true,
  interim: false,
};

/** Requests, one for each recording. */
class RecordingSpeechToText implements SpeechToText {
  readonly identity: StageIdentity;
  readonly capabilities = capabilities;
  readonly #config: SegmentOptions;
  readonly #server: WhisperServer;
  readonly #clock: Clock;
  readonly #slots: Slots;
  #wellAtMs = Number.NEGATIVE_INFINITY;

  constructor({ config, server, identity, concurrency, clock }: RecordingsOptions) {
    this.#config = config;
    this.#server = server;
    this.#clock = clock;
    this.#slots = new Slots(concurrency);
    this.identity = identity;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#server.probe(signal);
    this.#wellAtMs = this.#clock.now();
  }

  /** A server that is away is no reason to fail here; a model of one's own is loaded. */
  async warmup(signal: AbortSignal): Promise<void> {
    await this.check(signal).catch(() => {});
    signal.throwIfAborted();
  }

  /** A server that is away is found out before the caller has said anything. */
  async open({ input }: SpeechToTextRequest, signal: AbortSignal): Promise<SpeechToTextStream> {
    signal.throwIfAborted();
    if (this.#clock.now() - this.#wellAtMs > WELL_MS) await this.check(signal);
    return new RequestStream({
      config: this.#config,
      identity: this.identity,
      server: this.#server,
      slots: this.#slots,
      format: input,
      clock: this.#clock,
      signal,
      onWell: () => {
        this.#wellAtMs = this.#clock.now();
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** @throws FlavorError with ERR_FLAVOR_CONFIG for what that server cannot be told */
function checkRealtimeConfig({ prompt, keyterms, stream, concurrency, url }: WhisperListenConfig): void {
  const given = {
    prompt: prompt !== '',
    keyterms: keyterms.length > 0,
    stream,
    concurrency: concurrency !== undefined,
  };
  const wrong = Object.entries(given).find(([, isGiven]) => isGiven)?.[0];
  if (wrong === undefined) return;
  const message = `${wrong}: the WebSocket of speaches at ${new URL(url).host} has no such setting`;
  throw new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}

/** A session for each call. */
class RealtimeSpeechToText implements SpeechToText {
  readonly identity: StageIdentity;
  readonly capabilities = capabilities;
  readonly #config: WhisperListenConfig;
  readonly #parts: RealtimeParts;

  constructor(config: WhisperListenConfig, clock: Clock, guard: HostGuard | undefined) {
    this.#config = config;
    this.#parts = { clock, guard, tls: new SharedTls() };
    this.identity = whisperIdentity(config);
  }

  /** A session as a call would have it. That the model is there shows when it is first used. */
  async check(signal: AbortSignal): Promise<void> {
    const listener = { onCommitted: () => undefined, onText: () => undefined, onLost: () => undefined };
    const session = await RealtimeSession.open(this.#config, this.#parts, listener, signal);
    session.close();
  }

  async open({ input }: SpeechToTextRequest, signal: AbortSignal): Promise<SpeechToTextStream> {
    signal.throwIfAborted();
    const stream = new RealtimeStream({
      config: this.#config,
      identity: this.identity,
      format: input,
      clock: this.#parts.clock,
      signal,
      connect: (listener, until) => RealtimeSession.open(this.#config, this.#parts, listener, until),
    });
    await stream.open();
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Every session is a stream's, and ends with it.
  }
}

/** OpenAI charges; for everybody else's server the machine is what costs. */
function whisperIdentity({ url, server, model }: WhisperListenConfig): StageIdentity {
  const provider = new URL(url).hostname === 'api.openai.com' ? 'openai' : 'whisper';
  return { provider, model: server === 'whisper.cpp' ? 'whisper.cpp' : model };
}

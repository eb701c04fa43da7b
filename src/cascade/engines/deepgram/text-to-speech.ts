import type { AudioFormat } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechRequest,
  TextToSpeechSession,
} from '../../stages/text-to-speech.js';
import { SpeakSession } from '../shared/speak-session.js';
import { webSocketUrl } from './endpoint.js';
import { type DeepgramConnection, DeepgramSocket, type DeepgramSocketListener } from './socket.js';
import type { DeepgramSpeakConfig } from './speak-config.js';
import { SpeakLine } from './speak-line.js';
import { SpeakPool } from './speak-pool.js';
import { MAX_SPEAK_CHARACTERS } from './speak-queue.js';
import { type DeepgramDeps, type DeepgramParts, deepgramParts } from './speech-to-text.js';
import { deepgramFormats, encodingOf } from './wire-format.js';

const MINUTE_MS = 60_000;

/** Aura, Deepgram's voices, over one WebSocket a call: mu-law at 8 kHz, as it goes to the phone. */
export function createDeepgramTextToSpeech(config: DeepgramSpeakConfig, deps: DeepgramDeps): TextToSpeech {
  return new DeepgramTextToSpeech(config, deepgramParts(deps));
}

class DeepgramTextToSpeech implements TextToSpeech {
  readonly identity: StageIdentity;
  readonly capabilities: TextToSpeechCapabilities = {
    output: deepgramFormats,
    text: 'stream',
    wordTimes: false,
    maxCharacters: MAX_SPEAK_CHARACTERS,
  };
  readonly #config: DeepgramSpeakConfig;
  readonly #deps: DeepgramParts;
  readonly #pool: SpeakPool;

  constructor(config: DeepgramSpeakConfig, deps: DeepgramParts) {
    this.#config = config;
    this.#deps = deps;
    this.identity = { provider: 'deepgram', model: config.model };
    this.#pool = new SpeakPool({
      limit: config.connections.limit,
      share: config.connections.share,
      clock: deps.clock,
      dial: (format, listener, signal) => this.#dial(format, listener, signal),
    });
  }

  /** A connection as a call would have it: key, plan and voice are looked at, and no character is charged. */
  async check(signal: AbortSignal): Promise<void> {
    const listener: DeepgramSocketListener = {
      onMessage: () => undefined,
      onAudio: () => undefined,
      onFault: () => undefined,
      onLost: () => undefined,
    };
    const connection = await this.#dial({ encoding: 'mulaw', sampleRate: 8000 }, listener, signal);
    connection.close({ type: 'Close' });
  }

  async open({ output }: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession> {
    const { connections, answerTimeoutMs, renewAfterMinutes, reconnect } = this.#config;
    const line = new SpeakLine({
      format: output,
      pool: this.#pool,
      share: connections.share,
      answerTimeoutMs,
      renewAfterMs: renewAfterMinutes * MINUTE_MS,
      reconnect,
      clock: this.#deps.clock,
      random: this.#deps.random,
    });
    const session = new SpeakSession(line, this.identity, output, signal);
    try {
      await line.open(signal);
      signal.throwIfAborted();
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool.close();
  }

  #dial(format: AudioFormat, listener: DeepgramSocketListener, signal: AbortSignal): Promise<DeepgramConnection> {
    const { model, speed, mipOptOut, connectTimeoutMs } = this.#config;
    const url = webSocketUrl(this.#config.url, '/v1/speak');
    url.searchParams.set('model', model);
    url.searchParams.set('encoding', encodingOf(format));
    url.searchParams.set('sample_rate', String(format.sampleRate));
    if (speed !== undefined) url.searchParams.set('speed', String(speed));
    if (mipOptOut) url.searchParams.set('mip_opt_out', 'true');
    const { apiKey, clock, tls, guard } = this.#deps;
    return DeepgramSocket.connect({ url, apiKey, timeoutMs: connectTimeoutMs, clock, tls, guard }, listener, signal);
  }
}

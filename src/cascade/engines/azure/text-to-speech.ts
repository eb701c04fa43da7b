import type { AudioFormat } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechRequest,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from '../../stages/text-to-speech.js';
import { SpeakUtterance } from '../shared/speak-utterance.js';
import { connectAzure, type Dial } from './connection.js';
import { serviceUrl } from './resource.js';
import type { AzureSpeakConfig } from './speak-config.js';
import { SpeakLine } from './speak-line.js';
import { type AzureDeps, type AzureParts, azureParts, deafListener } from './speech-to-text.js';
import { buildSsml } from './ssml.js';
import { azureOutputFormats } from './wire-format.js';

/** Azure ends an answer after 10 minutes of audio; a piece is a sentence or a few. */
const MAX_CHARACTERS = 3_000;

/**
 * Azure's voices.
 *
 * @throws FlavorError with ERR_FLAVOR_CONFIG when the resource has neither a region nor an endpoint, or both.
 */
export function createAzureTextToSpeech(config: AzureSpeakConfig, deps: AzureDeps): TextToSpeech {
  return new AzureTextToSpeech(config, azureParts(deps));
}

class AzureTextToSpeech implements TextToSpeech {
  readonly identity: StageIdentity;
  readonly capabilities: TextToSpeechCapabilities;
  readonly #config: AzureSpeakConfig;
  readonly #deps: AzureParts;
  readonly #dial: Dial;

  constructor(config: AzureSpeakConfig, deps: AzureParts) {
    this.#config = config;
    this.#deps = deps;
    this.identity = { provider: 'azure', model: config.voice };
    this.capabilities = {
      output: azureOutputFormats,
      text: 'sentence',
      wordTimes: config.wordTimes,
      maxCharacters: MAX_CHARACTERS,
    };
    const { resource, clock, random, tls } = deps;
    const url = serviceUrl(resource, 'tts');
    if (config.customVoice !== undefined) {
      // Custom voices have a host of their own, where the resource is named by its region.
      if (resource.endpoint === undefined) url.hostname = url.hostname.replace('.tts.', '.voice.');
      url.searchParams.set('deploymentId', config.customVoice);
    }
    const options = { url, key: resource.key, timeoutMs: config.connectTimeoutMs, clock, random, tls };
    this.#dial = (listener, signal) => connectAzure(options, listener, signal);
  }

  /** A connection as a call would have it; nothing is spoken, and nothing charged. */
  async check(signal: AbortSignal): Promise<void> {
    (await this.#dial(deafListener, signal)).close();
  }

  async open({ output }: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession> {
    signal.throwIfAborted();
    const { wordTimes, answerTimeoutMs, reconnect } = this.#config;
    const { clock, random } = this.#deps;
    const line = new SpeakLine({
      format: output,
      wordTimes,
      answerTimeoutMs,
      reconnect,
      clock,
      random,
      dial: this.#dial,
      ssml: (text) => buildSsml(text, this.#config),
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
    // Every connection is a session's, and ends with it.
  }
}

/** One call's voice. */
class SpeakSession implements TextToSpeechSession {
  readonly #line: SpeakLine;
  readonly #identity: StageIdentity;
  readonly #format: AudioFormat;
  readonly #signal: AbortSignal;
  readonly #open = new Set<SpeakUtterance>();
  readonly #onAbort = (): void => this.close();
  #closed = false;

  constructor(line: SpeakLine, identity: StageIdentity, format: AudioFormat, signal: AbortSignal) {
    this.#line = line;
    this.#identity = identity;
    this.#format = format;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  begin(): TextToSpeechUtterance {
    const utterance = new SpeakUtterance(this.#line, this.#identity, this.#format);
    for (const each of this.#open) if (each.events.ended) this.#open.delete(each);
    if (this.#closed) utterance.cancel();
    else this.#open.add(utterance);
    return utterance;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#line.close();
    // Those that wait for text the line has never heard of.
    for (const utterance of this.#open) utterance.cancel();
    this.#open.clear();
  }
}

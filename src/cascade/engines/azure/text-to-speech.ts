import type { StageIdentity } from '../../stages/stage.js';
import type {
  TextToSpeech,
  TextToSpeechCapabilities,
  TextToSpeechRequest,
  TextToSpeechSession,
} from '../../stages/text-to-speech.js';
import { SpeakSession } from '../shared/speak-session.js';
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

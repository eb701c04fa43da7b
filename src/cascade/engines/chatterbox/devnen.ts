import { type Clock, createSystemClock } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import { isObject, type JsonObject, textIn } from '../shared/json.js';
import { WavBody } from '../speech-server/audio-body.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import type { SpeechServerDeps } from '../speech-server/deps.js';
import { SpeechDesk } from '../speech-server/desk.js';
import { SpeechHttp } from '../speech-server/http.js';
import { MachineTime, timed } from '../speech-server/machine-time.js';
import { readSpeech } from '../speech-server/read-speech.js';
import { sayable } from '../speech-server/sayable.js';
import { bearer, serverUrl } from '../speech-server/server-config.js';
import type { DevnenConfig } from './devnen-config.js';

/** The server splits a text that is longer than this many of its chunks. */
const CHUNKS_IN_ONE_GO = 1.5;
/** `/v1/audio/speech` splits at this, whatever was configured. */
const OPENAI_CHUNK_CHARACTERS = 120;
const SAMPLE_RATE = 24_000;
/** A server that is free answers questions about itself at once. */
const PROBE_MS = 3_000;
/** Of the voices of a server, so many are named to who asked for another. */
const NAMED_VOICES = 5;

/** What the server is running, as it says itself. */
interface LoadedModel {
  /** It has the settings of feeling: Turbo has not. */
  readonly expressive: boolean;
  readonly tags: boolean;
}

/**
 * Chatterbox-TTS-Server by devnen. https://github.com/devnen/Chatterbox-TTS-Server
 *
 * It speaks one text at a time: a second one at once either waits until the first is done, together with everything else
 * that is asked of it, or (streaming) is made by the same model at the same time, and their voices may mix. So it is
 * asked one thing at a time, however many calls there are; what was begun it finishes, heard or not; and while it
 * speaks it is not asked how it is.
 */
export class DevnenBackend implements SpeechBackend {
  readonly identity: StageIdentity = { provider: 'chatterbox', model: 'devnen' };
  readonly #config: DevnenConfig;
  readonly #clock: Clock;
  readonly #http: SpeechHttp;
  readonly #desk: SpeechDesk;
  #model: LoadedModel | undefined;
  /** It was asked for a stream, and sent a file: a build from before there were streams. */
  #old = false;

  constructor(config: DevnenConfig, { clock = createSystemClock(), guard }: SpeechServerDeps = {}) {
    const { connectTimeoutMs } = config;
    this.#config = config;
    this.#clock = clock;
    this.#http = new SpeechHttp({ who: 'the Chatterbox server', connectTimeoutMs, clock, guard });
    this.#desk = new SpeechDesk({ concurrency: config.concurrency, runsOut: true });
  }

  get capabilities(): SpeechBackendCapabilities {
    const { api, chunkCharacters, concurrency } = this.#config;
    const inOneGo = api === 'openai' ? OPENAI_CHUNK_CHARACTERS : Math.floor(chunkCharacters * CHUNKS_IN_ONE_GO);
    const maxCharacters = this.#config.maxCharacters ?? inOneGo;
    return {
      // A stream has a part for each chunk: of a text of one chunk, all comes at once.
      streaming: this.#streams && maxCharacters > inOneGo,
      sampleRate: SAMPLE_RATE,
      maxCharacters,
      concurrency,
      tags: this.#model?.tags ?? false,
    };
  }

  get #streams(): boolean {
    return this.#config.stream && this.#config.api === 'tts' && !this.#old;
  }

  synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk> {
    const time = new MachineTime(this.#config.machine, this.#clock);
    let begun = false;
    const ask = (working: AbortSignal): AsyncIterable<SpeechChunk> => {
      begun = true;
      time.used();
      return this.#ask(text, time, working);
    };
    return this.#desk.speak(ask, signal, () => (begun ? time.used() : undefined));
  }

  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    // A server that makes speech may answer nothing else until it is done; that is no sign of ill health.
    if (this.#desk.busy) return { state: 'ready' };
    try {
      const answer = await this.#http.request(
        { url: serverUrl(this.#config.url, '/api/model-info'), headers: this.#headers, firstByteMs: PROBE_MS },
        signal,
      );
      this.#learn(await answer.json());
    } catch (error) {
      const overtaken = this.#desk.busy && error instanceof FlavorError && error.code === 'ERR_FLAVOR_TIMEOUT';
      if (!overtaken) throw error;
    }
    return { state: 'ready' };
  }

  /** Also that it has the voice: a wrong name would be found out by the first caller. */
  async check(signal: AbortSignal): Promise<void> {
    await this.probe(signal);
    if (this.#desk.busy) return;
    const { url, voice } = this.#config;
    const [path, wanted] =
      'predefined' in voice
        ? (['/get_predefined_voices', voice.predefined] as const)
        : (['/get_reference_files', voice.reference] as const);
    const answer = await this.#http.request(
      { url: serverUrl(url, path), headers: this.#headers, firstByteMs: PROBE_MS },
      signal,
    );
    const list = await answer.jsonValue();
    const names = (Array.isArray(list) ? list : []).map((each: unknown) =>
      isObject(each) ? textIn(each, 'filename') : String(each),
    );
    if (names.length === 0 || names.includes(wanted)) return;
    const some = names
      .filter((name) => /^[\w .()-]{1,120}$/.test(name))
      .slice(0, NAMED_VOICES)
      .join(', ');
    const message = `${this.#http.who} has no voice ${wanted}; it has ${some}${names.length > NAMED_VOICES ? ' and others' : ''}`;
    throw new FlavorError('ERR_FLAVOR_CONFIG', message, false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#desk.close();
    await this.#http[Symbol.asyncDispose]();
  }

  get #headers(): Readonly<Record<string, string>> {
    return bearer(this.#config.token);
  }

  /** @throws FlavorError when it has no model, as after a failed load: it answers, and cannot speak. */
  #learn(info: JsonObject): void {
    if (info['loaded'] !== true) {
      throw new FlavorError('ERR_FLAVOR_NETWORK', `${this.#http.who} has no model loaded`, true);
    }
    this.#model = { expressive: info['type'] !== 'turbo', tags: info['supports_paralinguistic_tags'] === true };
  }

  async *#ask(text: string, time: MachineTime, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const spoken = sayable(text, this.capabilities.tags);
    if (spoken === '') return;
    yield* timed(time, (taken) => this.#sound(spoken, taken, signal), signal);
  }

  async *#sound(spoken: string, taken: () => void, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const { api, url, answerTimeoutMs } = this.#config;
    const answer = await this.#http.request(
      {
        url: serverUrl(url, api === 'openai' ? '/v1/audio/speech' : '/tts'),
        method: 'POST',
        headers: this.#headers,
        json: api === 'openai' ? this.#openAiBody(spoken) : this.#body(spoken),
        firstByteMs: answerTimeoutMs,
      },
      signal,
    );
    taken();
    const body = new WavBody(this.#http.who);
    for await (const chunk of readSpeech(answer.body, body, { who: this.#http.who, text: spoken })) {
      if (this.#streams && body.streamed === false) this.#old = true;
      yield chunk;
    }
  }

  #body(text: string): object {
    const { voice, stream, chunkCharacters, temperature, exaggeration, cfgWeight, speed, seed, language } =
      this.#config;
    return {
      text,
      ...('predefined' in voice
        ? { voice_mode: 'predefined', predefined_voice_id: voice.predefined }
        : { voice_mode: 'clone', reference_audio_filename: voice.reference }),
      output_format: 'wav',
      split_text: true,
      chunk_size: chunkCharacters,
      temperature,
      // What is left out comes out of the server's own file, which is shipped with far more feeling than any phone wants.
      ...(this.#model?.expressive !== false && { exaggeration, cfg_weight: cfgWeight }),
      speed_factor: speed,
      seed,
      ...(language !== undefined && { language }),
      ...(stream && !this.#old && { stream: true }),
    };
  }

  #openAiBody(text: string): object {
    const { voice, speed, seed, language } = this.#config;
    return {
      // Required, and not looked at.
      model: 'chatterbox',
      input: text,
      voice: 'predefined' in voice ? voice.predefined : voice.reference,
      response_format: 'wav',
      speed,
      seed,
      ...(language !== undefined && { language }),
    };
  }
}

import { FlavorError } from '../../../flavor-api/index.js';
import { objectsIn, textIn } from '../shared/json.js';
import { protocolFault } from '../speech-server/failures.js';
import type { SpeechHttp } from '../speech-server/http.js';
import { MAX_ANSWER_BYTES, readAnswer } from './answer.js';
import type { WhisperListenConfig } from './config.js';
import type { Hypothesis } from './hypothesis.js';
import { wavForm } from './multipart.js';
import { SegmentAudio } from './segment-audio.js';
import type { WhisperQuestion, WhisperServer } from './server.js';

/** Silence that shows that somebody takes recordings. */
const SILENCE_MS = 500;
const SAMPLE_RATE = 16_000;

/** `POST /audio/transcriptions` as OpenAI has it, and as speaches, vLLM and LocalAI imitate it. */
export class OpenAiServer implements WhisperServer {
  readonly #config: WhisperListenConfig;
  readonly #http: SpeechHttp;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** What tells the server's doubts; not every model and server has it. */
  #verbose: boolean;
  /** A recording was taken: the address is right. */
  #answered = false;

  /** @param http is this server's own: disposing of the server closes it */
  constructor(config: WhisperListenConfig, http: SpeechHttp) {
    this.#config = config;
    this.#http = http;
    this.#base = config.url.replace(/\/+$/, '');
    this.#headers = config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` };
    // OpenAI's models after whisper-1 answer in `json` only.
    this.#verbose = !config.stream && !config.model.startsWith('gpt-');
  }

  async transcribe(
    question: WhisperQuestion,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Hypothesis> {
    const verbose = this.#verbose;
    try {
      return await this.#ask(question, verbose, onText, signal);
    } catch (error) {
      const refused = error instanceof FlavorError && error.code === 'ERR_FLAVOR_CONFIG';
      if (!verbose || !refused) throw error;
      const answer = await this.#ask(question, false, onText, signal);
      // That was what it did not take.
      this.#verbose = false;
      return answer;
    }
  }

  /** Lists the models, which nearly every server has and none charges for. One that has no list is given a moment of silence. */
  async probe(signal: AbortSignal): Promise<void> {
    const { answerTimeoutMs, model } = this.#config;
    const answer = await this.#http.request(
      { url: new URL(`${this.#base}/models`), headers: this.#headers, firstByteMs: answerTimeoutMs, statuses: [404] },
      signal,
    );
    if (answer.status === 404) {
      answer.discard();
      await this.#probeBySilence(signal);
      return;
    }
    const value = await answer.jsonValue();
    const known = objectsIn({ data: undefined, ...(typeof value === 'object' && value) }, 'data');
    const names = known.map((each) => textIn(each, 'id')).filter((name) => name !== '');
    if (names.length === 0 || names.includes(model)) return;
    throw new FlavorError('ERR_FLAVOR_CONFIG', `${this.#http.who} has not got the model ${model}`, false);
  }

  /** @throws FlavorError `ERR_FLAVOR_CONFIG` where there is nobody at that address who takes recordings */
  async #probeBySilence(signal: AbortSignal): Promise<void> {
    if (this.#answered) return;
    const silence = new SegmentAudio(SAMPLE_RATE);
    silence.append(new Int16Array((SILENCE_MS * SAMPLE_RATE) / 1_000));
    try {
      await this.transcribe({ wav: silence.toWav(), prompt: '' }, () => undefined, signal);
    } catch (error) {
      const refused =
        error instanceof FlavorError && error.code === 'ERR_FLAVOR_CONFIG' && /HTTP 404/.test(error.message);
      if (!refused) throw error;
      const message = `${this.#http.who} knows no /audio/transcriptions at ${this.#base}, or not the model: check url (up to and with the version, as in /v1), server and model`;
      throw new FlavorError('ERR_FLAVOR_CONFIG', message, false);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#http[Symbol.asyncDispose]();
  }

  async #ask(
    { wav, prompt }: WhisperQuestion,
    verbose: boolean,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Hypothesis> {
    const { model, language = '', stream, answerTimeoutMs } = this.#config;
    const form = wavForm(wav, [
      ['model', model],
      ['language', language],
      ['prompt', prompt],
      ['temperature', '0'],
      ['response_format', verbose ? 'verbose_json' : 'json'],
      ['stream', stream ? 'true' : ''],
    ]);
    const answer = await this.#http.request(
      {
        url: new URL(`${this.#base}/audio/transcriptions`),
        method: 'POST',
        headers: { ...this.#headers, 'content-type': form.contentType },
        body: form.body,
        firstByteMs: answerTimeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
      },
      signal,
    );
    if (/text\/html/i.test(answer.headers['content-type'] ?? '')) {
      answer.discard();
      throw protocolFault(this.#http.who, 'a web page');
    }
    const heard = await readAnswer(this.#http.who, answer, onText);
    this.#answered = true;
    return heard;
  }
}

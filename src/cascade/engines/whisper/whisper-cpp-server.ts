import { FlavorError } from '../../../flavor-api/index.js';
import type { SpeechHttp, SpeechHttpAnswer } from '../speech-server/http.js';
import { MAX_ANSWER_BYTES, readAnswer } from './answer.js';
import type { WhisperListenConfig } from './config.js';
import type { Hypothesis } from './hypothesis.js';
import { wavForm } from './multipart.js';
import type { WhisperQuestion, WhisperServer } from './server.js';

/**
 * The server of whisper.cpp (`examples/server`). Whatever goes wrong below 500 is told as 404 without a body, also that
 * the model is still being loaded: it is worth another attempt.
 */
export class WhisperCppServer implements WhisperServer {
  readonly #config: WhisperListenConfig;
  readonly #http: SpeechHttp;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param http is this server's own: disposing of the server closes it */
  constructor(config: WhisperListenConfig, http: SpeechHttp) {
    this.#config = config;
    this.#http = http;
    this.#base = config.url.replace(/\/+$/, '');
    // It knows no keys; a proxy before it may.
    this.#headers = config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` };
  }

  async transcribe(
    { wav, prompt }: WhisperQuestion,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Hypothesis> {
    const form = wavForm(wav, [
      ['language', this.#config.language ?? 'auto'],
      ['prompt', prompt],
      ['temperature', '0'],
      // Tells doubts segment by segment, and finds the language a second time unless it is told not to.
      ['response_format', 'verbose_json'],
      ['no_language_probabilities', 'true'],
    ]);
    const answer = await this.#http.request(
      {
        url: new URL(`${this.#base}/inference`),
        method: 'POST',
        headers: { ...this.#headers, 'content-type': form.contentType },
        body: form.body,
        firstByteMs: this.#config.answerTimeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
        statuses: [404],
      },
      signal,
    );
    this.#requireReady(answer);
    return readAnswer(this.#http.who, answer, onText);
  }

  async probe(signal: AbortSignal): Promise<void> {
    const { answerTimeoutMs } = this.#config;
    const answer = await this.#http.request(
      { url: new URL(`${this.#base}/health`), headers: this.#headers, firstByteMs: answerTimeoutMs, statuses: [404] },
      signal,
    );
    this.#requireReady(answer);
    answer.discard();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#http[Symbol.asyncDispose]();
  }

  #requireReady(answer: SpeechHttpAnswer): void {
    if (answer.status !== 404) return;
    answer.discard();
    const message = `${this.#http.who} is loading its model, or is no server of whisper.cpp (HTTP 404)`;
    throw new FlavorError('ERR_FLAVOR_NETWORK', message, true);
  }
}

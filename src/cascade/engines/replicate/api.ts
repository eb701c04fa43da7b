import { FlavorError } from '../../../flavor-api/index.js';
import type { JobProvider, JobView } from '../hosted/job.js';
import type { JsonObject } from '../shared/json.js';
import type { SpeechHttp, SpeechHttpRequest } from '../speech-server/http.js';
import { lostPrediction, predictionView } from './prediction-view.js';

export interface ReplicateApiOptions {
  readonly http: SpeechHttp;
  /** Up to and with the version: `https://api.replicate.com/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** `owner/name`. */
  readonly model: string;
  /** Where the model is not an official one. */
  readonly version?: string | undefined;
  /** For an answer to anything, ms. */
  readonly answerTimeoutMs: number;
  /** The order itself waits for the speech for so long, s. */
  readonly waitSeconds: number;
  /** Replicate ends a prediction by itself after so long, s: also where nobody can cancel it any more. */
  readonly cancelAfterSeconds: number;
}

type Question = Pick<SpeechHttpRequest, 'method' | 'json' | 'headers'> & { readonly firstByteMs?: number };

/** Predictions over HTTP (https://replicate.com/docs/reference/http). */
export class ReplicateApi implements JobProvider {
  readonly #options: ReplicateApiOptions;

  constructor(options: ReplicateApiOptions) {
    this.#options = options;
  }

  async order(input: unknown, signal: AbortSignal): Promise<JobView> {
    const { model, version, waitSeconds, cancelAfterSeconds, answerTimeoutMs } = this.#options;
    const path = version === undefined ? `models/${model}/predictions` : 'predictions';
    const question: Question = {
      method: 'POST',
      json: version === undefined ? { input } : { version, input },
      headers: { prefer: `wait=${waitSeconds}`, 'cancel-after': `${cancelAfterSeconds}s` },
      firstByteMs: waitSeconds * 1_000 + answerTimeoutMs,
    };
    // Finished or not, the answer has status 201.
    return predictionView(await this.#asked(path, question, signal));
  }

  async look(id: string, signal: AbortSignal): Promise<JobView> {
    const answer = await this.#ask(`predictions/${id}`, {}, signal);
    return answer === undefined ? lostPrediction(id) : predictionView(answer);
  }

  async cancel(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask(`predictions/${id}/cancel`, { method: 'POST' }, signal);
  }

  /** Whether token and model are right. */
  async check(signal: AbortSignal): Promise<void> {
    const { model, version } = this.#options;
    await this.#asked(version === undefined ? `models/${model}` : 'account', {}, signal);
  }

  async #asked(path: string, question: Question, signal: AbortSignal): Promise<JsonObject> {
    const answer = await this.#ask(path, question, signal);
    if (answer !== undefined) return answer;
    throw new FlavorError('ERR_FLAVOR_CONFIG', 'Replicate has no such model: check its name (HTTP 404)', false);
  }

  /** `undefined`: there is nothing of that name. */
  async #ask(path: string, { headers, ...question }: Question, signal: AbortSignal): Promise<JsonObject | undefined> {
    const { http, baseUrl, apiKey, answerTimeoutMs } = this.#options;
    const answer = await http.request(
      {
        // Of the addresses in an answer none is asked: the key would go along.
        url: new URL(`${baseUrl.replace(/\/{1,8}$/, '')}/${path}`),
        headers: { authorization: `Bearer ${apiKey}`, ...headers },
        firstByteMs: answerTimeoutMs,
        statuses: [404],
        ...question,
      },
      signal,
    );
    if (answer.status !== 404) return answer.json();
    answer.discard();
    return undefined;
  }
}

import { FlavorError } from '../../../flavor-api/index.js';
import type { JobProvider, JobView } from '../hosted/job.js';
import { isObject, type JsonObject } from '../shared/json.js';
import type { SpeechHttp, SpeechHttpRequest } from '../speech-server/http.js';
import { jobView, type Workers, workersIn } from './job-view.js';

export interface RunPodApiOptions {
  readonly http: SpeechHttp;
  /** Up to and with the version: `https://api.runpod.ai/v2`. */
  readonly baseUrl: string;
  readonly endpoint: string;
  readonly apiKey: string;
  /** For an answer to anything, ms. */
  readonly answerTimeoutMs: number;
  /** `sync`: the order waits for the whole speech, for so long, ms. `stream`: it is fetched as the worker yields it. */
  readonly mode: { readonly type: 'sync'; readonly waitMs: number } | { readonly type: 'stream' };
  /** How long RunPod lets a job work, and keeps it before that, ms: also where nobody can cancel it any more. */
  readonly policy: { readonly executionTimeout: number; readonly ttl: number };
}

type Question = Partial<Pick<SpeechHttpRequest, 'method' | 'json' | 'firstByteMs'>>;

/** The operations of a queue endpoint (https://docs.runpod.io/serverless/endpoints/operation-reference). */
export class RunPodApi implements JobProvider {
  readonly #options: RunPodApiOptions;

  constructor(options: RunPodApiOptions) {
    this.#options = options;
  }

  async order(input: unknown, signal: AbortSignal): Promise<JobView> {
    const { mode, policy, answerTimeoutMs } = this.#options;
    const json = { input, policy };
    if (mode.type === 'stream') return jobView(await this.#asked('run', { method: 'POST', json }, signal));
    // Not done in time is no failure: the answer has status 200, and the job's name.
    const firstByteMs = mode.waitMs + answerTimeoutMs;
    return jobView(await this.#asked(`runsync?wait=${mode.waitMs}`, { method: 'POST', json, firstByteMs }, signal));
  }

  async look(id: string, signal: AbortSignal): Promise<JobView> {
    return this.#view(this.#options.mode.type === 'sync' ? 'status' : 'stream', id, signal);
  }

  /** How a job stands, with all that it has made. */
  async status(id: string, signal: AbortSignal): Promise<JobView> {
    return this.#view('status', id, signal);
  }

  async cancel(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask(`cancel/${id}`, { method: 'POST' }, signal);
  }

  async workers(signal: AbortSignal): Promise<Workers> {
    return workersIn(await this.#asked('health', {}, signal));
  }

  /** A job that is not known any more has failed: RunPod keeps those of `/runsync` for a minute. */
  async #view(operation: 'status' | 'stream', id: string, signal: AbortSignal): Promise<JobView> {
    const answer = await this.#ask(`${operation}/${id}`, {}, signal);
    if (answer !== undefined) return jobView(answer, id);
    const error = new FlavorError('ERR_FLAVOR_NETWORK', 'RunPod has lost a job', true);
    return { id, state: 'failed', items: [], output: undefined, error };
  }

  async #asked(operation: string, request: Question, signal: AbortSignal): Promise<JsonObject> {
    const answer = await this.#ask(operation, request, signal);
    if (answer !== undefined) return answer;
    throw new FlavorError('ERR_FLAVOR_CONFIG', 'RunPod has no such endpoint: check its name (HTTP 404)', false);
  }

  /** `undefined`: there is nothing of that name. */
  async #ask(operation: string, request: Question, signal: AbortSignal): Promise<JsonObject | undefined> {
    const { http, baseUrl, endpoint, apiKey, answerTimeoutMs } = this.#options;
    const answer = await http.request(
      {
        url: new URL(`${baseUrl.replace(/\/{1,8}$/, '')}/${endpoint}/${operation}`),
        headers: { authorization: `Bearer ${apiKey}` },
        firstByteMs: answerTimeoutMs,
        statuses: [404],
        ...request,
      },
      signal,
    );
    if (answer.status === 404) {
      answer.discard();
      return undefined;
    }
    const value = await answer.jsonValue();
    // A page of the documents shows the items of `/stream` alone.
    return Array.isArray(value) ? { status: 'IN_PROGRESS', stream: value } : isObject(value) ? value : {};
  }
}

import { type Clock, createSystemClock, type TimerHandle } from '../../../src/base/clock.js';
import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { FaultSwitch } from '../hosted/fault-switch.js';
import { RateLimit } from '../hosted/rate-limit.js';
import { FakeWorkers, type FakeWorkersOptions, fakeWorkersDefaults } from '../hosted/workers.js';
import { isSpeechFault, type SpeechFault, type SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { FakeVoice, type FakeVoiceOptions } from '../speech-server/voice.js';
import { wavOf } from '../speech-server/wav.js';
import type { ReplicateFault } from './faults.js';
import { Prediction, type PredictionRecord } from './prediction.js';
import { cancelAfterMs, invalidFields, waitMs } from './rules.js';

export interface FakeReplicateOptions extends Partial<FakeVoiceOptions>, Partial<Omit<FakeWorkersOptions, 'clock'>> {
  readonly port?: number;
  /** The only token let in; any, when left out. */
  readonly apiKey?: string;
  /** In which form predictions have their output: as the official model, as a list, or in themselves. */
  readonly output?: 'uri' | 'list' | 'data';
  /** Predictions that may be made in a minute. Replicate's is 600. */
  readonly orderLimit?: number;
}

const MODEL = 'resemble-ai/chatterbox-turbo';
const VERSION = '0123456789abcdef'.repeat(4);
const MINUTE_MS = 60_000;
const INNER_URL = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';

/** A running fake of Replicate with one model, `resemble-ai/chatterbox-turbo`. */
export class FakeReplicate implements AsyncDisposable {
  readonly voice: FakeVoice;
  readonly workers: FakeWorkers;
  readonly #options: FakeReplicateOptions;
  readonly #clock: Clock;
  readonly #http: HttpFake;
  readonly #faults = new FaultSwitch<ReplicateFault>();
  readonly #predictions = new Map<string, Prediction>();
  readonly #files = new Map<string, Buffer>();
  readonly #deadlines: TimerHandle[] = [];
  readonly #orders: RateLimit;
  readonly #polls: RateLimit;

  constructor(options: FakeReplicateOptions) {
    const clock = options.clock ?? createSystemClock();
    this.#options = options;
    this.#clock = clock;
    this.voice = new FakeVoice({ ...options, clock });
    this.workers = new FakeWorkers({ ...fakeWorkersDefaults, ...options, clock });
    this.#orders = new RateLimit(options.orderLimit ?? 600, MINUTE_MS, clock);
    this.#polls = new RateLimit(3_000, MINUTE_MS, clock);
    this.#http = new HttpFake({
      port: options.port ?? 0,
      clock,
      isSpeech: ({ method, path }) => method === 'POST' && path.endsWith('/predictions'),
      handle: (exchange) => this.#handle(exchange),
      refusal: (status) => problem(status, 'refused'),
    });
  }

  /** The version that the model has. */
  get version(): string {
    return VERSION;
  }

  /** What `baseUrl` of the configuration is set to. */
  get url(): string {
    return `${this.#http.url}/v1`;
  }

  get requests(): readonly SeenSpeechRequest[] {
    return this.#http.requests;
  }

  /** All predictions there ever were, in order. */
  get predictions(): readonly PredictionRecord[] {
    return [...this.#predictions.values()].map(({ record }) => record);
  }

  get openConnections(): number {
    return this.#http.openConnections;
  }

  async listen(): Promise<void> {
    await this.#http.listen();
  }

  fail(name: SpeechFault | ReplicateFault, options: SpeechFaultOptions = {}): void {
    if (isSpeechFault(name)) this.#http.fail(name, options);
    else this.#faults.add(name, options.times);
  }

  recover(): void {
    this.#http.recover();
    this.#faults.clear();
  }

  drop(): void {
    this.#http.drop();
  }

  async close(): Promise<void> {
    for (const timer of this.#deadlines) this.#clock.clearTimeout(timer);
    for (const prediction of this.#predictions.values()) prediction.cancel();
    this.workers.close();
    await this.#http.close();
    await this.voice[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #handle(exchange: SpeechExchange<never>): Promise<void> {
    const { request, url, response } = exchange;
    const path = url.pathname.slice(1);
    if (path.startsWith('files/')) return this.#sendFile(exchange, path.slice('files/'.length));
    const { apiKey } = this.#options;
    const shown = /^(?:Bearer|Token) (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (shown === '' || (apiKey !== undefined && shown !== apiKey)) {
      return sendJson(response, 401, problem(401, 'You did not pass a valid authentication token'));
    }
    const call = `${request.method} ${path}`;
    if (call === `GET v1/models/${MODEL}`)
      return sendJson(response, 200, { owner: 'resemble-ai', name: 'chatterbox-turbo' });
    if (call === 'GET v1/account') return sendJson(response, 200, { type: 'user', username: 'fake' });
    if (call === `POST v1/models/${MODEL}/predictions`) return this.#order(exchange);
    if (call === 'POST v1/predictions') {
      const version = isObject(request.body) ? textIn(request.body, 'version') : '';
      if (version === VERSION) return this.#order(exchange);
      return sendJson(response, 422, problem(422, 'Invalid version or not permitted'));
    }
    const asked = /^(GET|POST) v1\/predictions\/([\w-]+)(\/cancel)?$/.exec(call);
    const prediction = this.#predictions.get(asked?.[2] ?? '');
    if (asked?.[1] === 'POST' && asked[3] !== undefined) return this.#cancel(exchange, prediction);
    if (asked?.[1] === 'GET' && asked[3] === undefined) return this.#poll(exchange, prediction);
    sendJson(response, 404, problem(404, 'The requested resource could not be found.'));
  }

  async #order({ request, response, gone }: SpeechExchange<never>): Promise<void> {
    if (!this.#orders.admits()) return throttled(response);
    const input = isObject(request.body) ? request.body['input'] : undefined;
    const wrong = invalidFields(input);
    const wait = waitMs(headerOf(request, 'prefer'));
    const after = cancelAfterMs(headerOf(request, 'cancel-after'));
    if (wrong.length > 0 || wait === undefined || Number.isNaN(after)) {
      const title = wrong.length > 0 ? 'Input validation failed' : 'Invalid header';
      const detail = wrong.map(({ field, description }) => `- ${field}: ${description}\n`).join('') || title;
      return sendJson(response, 422, { detail, status: 422, title, invalid_fields: wrong });
    }
    const id = `p${String(this.#predictions.size + 1).padStart(25, '0')}`;
    const prediction = new Prediction({
      id,
      model: MODEL,
      version: VERSION,
      input: isObject(input) ? input : {},
      make: (given, signal) => this.#make(given, signal),
      workers: this.workers,
      faults: this.#faults,
      clock: this.#clock,
      url: 'https://api.replicate.com/v1',
    });
    this.#predictions.set(id, prediction);
    if (after !== undefined) this.#deadlines.push(this.#clock.setTimeout(() => prediction.cancel(), after));
    if (wait > 0) await prediction.settled(wait, gone);
    // 202: it was to be waited for, and is not done.
    sendJson(response, wait > 0 && !prediction.final ? 202 : 201, prediction.json());
  }

  #poll({ response }: SpeechExchange<never>, prediction: Prediction | undefined): void {
    if (!this.#polls.admits() || this.#faults.strikes('poll-429')) throttled(response);
    else if (this.#faults.strikes('poll-500')) sendJson(response, 500, problem(500, 'Internal server error'));
    else if (prediction === undefined || this.#faults.strikes('lost-prediction')) {
      sendJson(response, 404, problem(404, 'The requested resource could not be found.'));
    } else if (this.#faults.strikes('malformed')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":');
    } else sendJson(response, 200, prediction.json());
  }

  #cancel({ response }: SpeechExchange<never>, prediction: Prediction | undefined): void {
    if (this.#faults.strikes('cancel-500')) sendJson(response, 500, problem(500, 'Internal server error'));
    else if (prediction === undefined)
      sendJson(response, 404, problem(404, 'The requested resource could not be found.'));
    else {
      prediction.cancel();
      sendJson(response, 200, prediction.json());
    }
  }

  #sendFile({ response }: SpeechExchange<never>, name: string): void {
    const wav = this.#files.get(name);
    if (wav === undefined || this.#faults.strikes('file-404')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    } else if (this.#faults.strikes('file-html')) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in to the network</body></html>');
    } else if (this.#faults.strikes('file-short')) {
      response.writeHead(200, { 'content-type': 'audio/wav' }).end(wav.subarray(0, wav.length / 2));
    } else {
      response.writeHead(200, { 'content-type': 'audio/wav', 'content-length': wav.length });
      if (this.#faults.strikes('file-cut')) response.write(wav.subarray(0, 20), () => response.destroy());
      else response.end(wav);
    }
  }

  async #make(input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown> {
    const { samples, sampleRate } = await this.voice.make(textIn(input, 'text'), signal);
    const wav = wavOf(samples, sampleRate);
    const { output = 'uri' } = this.#options;
    if (output === 'data') return `data:audio/wav;base64,${wav.toString('base64')}`;
    const name = `output-${this.#files.size + 1}.wav`;
    this.#files.set(name, wav);
    const address = this.#faults.strikes('inner-url') ? INNER_URL : `${this.#http.url}/files/${name}`;
    return output === 'list' ? [address] : address;
  }
}

function headerOf({ headers }: SeenSpeechRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function problem(status: number, detail: string): object {
  return { title: detail, detail, status };
}

function throttled(response: SpeechExchange<never>['response']): void {
  const detail = 'Request was throttled. Expected available in 1 second.';
  sendJson(response, 429, { detail, status: 429 }, { 'retry-after': '1' });
}

/** Starts a fake on loopback. */
export async function startFakeReplicate(options: FakeReplicateOptions = {}): Promise<FakeReplicate> {
  const fake = new FakeReplicate(options);
  await fake.listen();
  return fake;
}

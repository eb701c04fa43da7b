import { createSystemClock } from '../../../src/base/clock.js';
import { isObject } from '../../../src/cascade/engines/shared/json.js';
import { FaultSwitch } from '../hosted/fault-switch.js';
import { RateLimit } from '../hosted/rate-limit.js';
import { FakeWorkers, type FakeWorkersOptions, fakeWorkersDefaults } from '../hosted/workers.js';
import { isSpeechFault, type SpeechFault, type SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { FakeVoice, type FakeVoiceOptions } from '../speech-server/voice.js';
import type { RunPodFault } from './faults.js';
import { bareHandler, type FakeHandler, publicHandler, streamHandler, wholeHandler } from './handler.js';
import { RunPodJob, type RunPodJobRecord } from './job.js';

export interface FakeRunPodOptions extends Partial<FakeVoiceOptions>, Partial<Omit<FakeWorkersOptions, 'clock'>> {
  readonly port?: number;
  /** The only key let in; any, when left out. */
  readonly apiKey?: string;
  /** What an endpoint of one's own runs. `stream` is ours; `bare` and `whole` know nothing of it. */
  readonly handler?: 'stream' | 'bare' | 'whole';
  /** `/stream` hands over so many items at a time. */
  readonly itemsAtOnce?: number;
  /** Of `/status` and `/stream`, in 10 s. RunPod's is 2,000. */
  readonly pollLimit?: number;
}

const PUBLIC = 'chatterbox-turbo';
const WINDOW_MS = 10_000;
const limits = { order: 1_000, poll: 2_000, cancel: 100 } as const;
const INNER_URL = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';

/** A running fake of RunPod's queue endpoints: `chatterbox-turbo`, and any other name for one's own. */
export class FakeRunPod implements AsyncDisposable {
  readonly voice: FakeVoice;
  readonly workers: FakeWorkers;
  readonly #options: FakeRunPodOptions;
  readonly #http: HttpFake;
  readonly #faults = new FaultSwitch<RunPodFault>();
  readonly #jobs = new Map<string, RunPodJob>();
  readonly #files = new Map<string, Buffer>();
  readonly #limits: Readonly<Record<keyof typeof limits, RateLimit>>;

  constructor(options: FakeRunPodOptions) {
    const clock = options.clock ?? createSystemClock();
    this.#options = options;
    this.voice = new FakeVoice({ ...options, clock });
    this.workers = new FakeWorkers({ ...fakeWorkersDefaults, ...options, clock });
    this.#limits = {
      order: new RateLimit(limits.order, WINDOW_MS, clock),
      poll: new RateLimit(options.pollLimit ?? limits.poll, WINDOW_MS, clock),
      cancel: new RateLimit(limits.cancel, WINDOW_MS, clock),
    };
    this.#http = new HttpFake({
      port: options.port ?? 0,
      clock,
      isSpeech: ({ method, path }) => method === 'POST' && /\/run(?:sync)?(?:\?|$)/.test(path),
      handle: (exchange) => this.#handle(exchange),
      refusal: (status) => ({ error: `refused with ${status}` }),
    });
  }

  /** What `baseUrl` of the configuration is set to. */
  get url(): string {
    return `${this.#http.url}/v2`;
  }

  get requests(): readonly SeenSpeechRequest[] {
    return this.#http.requests;
  }

  /** All jobs there ever were, in order. */
  get jobs(): readonly RunPodJobRecord[] {
    return [...this.#jobs.values()].map(({ record }) => record);
  }

  get openConnections(): number {
    return this.#http.openConnections;
  }

  /** The most questions about jobs in any 10 s. */
  get mostPolls(): number {
    return this.#limits.poll.most;
  }

  async listen(): Promise<void> {
    await this.#http.listen();
  }

  /** Requests to an operation, such as `stream`. */
  asked(operation: string): readonly SeenSpeechRequest[] {
    return this.requests.filter(({ path }) => new URL(path, 'http://fake').pathname.split('/')[3] === operation);
  }

  fail(name: SpeechFault | RunPodFault, options: SpeechFaultOptions = {}): void {
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
    for (const job of this.#jobs.values()) job.cancel();
    this.workers.close();
    await this.#http.close();
    await this.voice[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #handle(exchange: SpeechExchange<never>): Promise<void> {
    const { request, url, response } = exchange;
    const [, version, endpoint = '', operation = '', id = ''] = url.pathname.split('/');
    if (version === 'files') return this.#sendFile(exchange, endpoint);
    const { apiKey } = this.#options;
    const shown = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (shown === '' || (apiKey !== undefined && shown !== apiKey)) {
      response.writeHead(401, { 'content-type': 'text/plain' }).end('');
      return;
    }
    if (version !== 'v2' || !/^[\w-]+$/.test(endpoint)) return sendJson(response, 404, { error: 'endpoint not found' });
    const call = `${request.method} ${operation}`;
    if (call === 'POST run' || call === 'POST runsync') return this.#order(exchange, endpoint, operation);
    if (call === 'GET health') return sendJson(response, 200, this.#health());
    const job = this.#jobs.get(id);
    if (call === 'POST cancel') return this.#cancel(exchange, job);
    if (call !== 'GET status' && call !== 'GET stream') return sendJson(response, 404, { error: 'not found' });
    await this.#poll(exchange, operation, job);
  }

  async #order(
    { request, url, response, gone }: SpeechExchange<never>,
    endpoint: string,
    operation: string,
  ): Promise<void> {
    if (!this.#limits.order.admits()) return sendJson(response, 429, { error: 'too many requests' });
    const { body } = request;
    if (!isObject(body) || !isObject(body['input'])) return sendJson(response, 400, { error: 'input is missing' });
    const waitMs = Number(url.searchParams.get('wait') ?? 90_000);
    if (!(waitMs >= 1_000 && waitMs <= 300_000)) return sendJson(response, 400, { error: 'wait is out of range' });
    const sync = operation === 'runsync';
    const id = `${sync ? 'sync-' : ''}${String(this.#jobs.size + 1).padStart(8, '0')}-u1`;
    const job = new RunPodJob({
      id,
      input: body['input'],
      handler: this.#handler(endpoint),
      workers: this.workers,
      faults: this.#faults,
      clock: this.voice.options.clock,
    });
    this.#jobs.set(id, job);
    if (!sync) return sendJson(response, 200, { id, status: 'IN_QUEUE' });
    await job.settled(waitMs, gone);
    sendJson(response, 200, job.status());
  }

  async #poll(exchange: SpeechExchange<never>, operation: string, job: RunPodJob | undefined): Promise<void> {
    const { response } = exchange;
    if (!this.#limits.poll.admits() || this.#faults.strikes('poll-429')) {
      return sendJson(response, 429, { error: 'too many requests' });
    }
    if (this.#faults.strikes('poll-500')) return sendJson(response, 500, { error: 'internal' });
    if (job === undefined || this.#faults.strikes('lost-job'))
      return sendJson(response, 404, { error: 'job not found' });
    if (this.#faults.strikes('malformed')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":');
      return;
    }
    if (operation === 'status') return sendJson(response, 200, job.status());
    const answer = job.stream(this.#options.itemsAtOnce ?? Number.POSITIVE_INFINITY);
    if (answer.stream.length > 0 && this.#faults.strikes('lost-poll')) {
      response.destroy();
      return;
    }
    sendJson(response, 200, answer.stream.length > 0 && this.#faults.strikes('bare-array') ? answer.stream : answer);
  }

  #cancel({ response }: SpeechExchange<never>, job: RunPodJob | undefined): void {
    if (!this.#limits.cancel.admits()) sendJson(response, 429, { error: 'too many requests' });
    else if (this.#faults.strikes('cancel-500')) sendJson(response, 500, { error: 'internal' });
    else if (job === undefined) sendJson(response, 404, { error: 'job not found' });
    else {
      job.cancel();
      sendJson(response, 200, { id: job.record.id, status: job.record.state });
    }
  }

  /** As from a store of files: its address says who may fetch it, and two ways of saying so are one too many. */
  #sendFile({ request, response }: SpeechExchange<never>, name: string): void {
    const wav = this.#files.get(name);
    if (request.headers.authorization !== undefined) sendJson(response, 400, { Code: 'InvalidArgument' });
    else if (wav === undefined || this.#faults.strikes('file-404')) sendJson(response, 404, { Code: 'NoSuchKey' });
    else {
      response.writeHead(200, { 'content-type': 'audio/wav', 'content-length': wav.length });
      if (this.#faults.strikes('file-cut')) response.write(wav.subarray(0, 20), () => response.destroy());
      else response.end(wav);
    }
  }

  #handler(endpoint: string): FakeHandler {
    if (endpoint === PUBLIC) return publicHandler(this.voice, (wav) => this.#store(wav));
    const { handler = 'stream' } = this.#options;
    return { stream: streamHandler, bare: bareHandler, whole: wholeHandler }[handler](this.voice);
  }

  #store(wav: Buffer): string {
    const name = `output-${this.#files.size + 1}.wav`;
    this.#files.set(name, wav);
    return this.#faults.strikes('inner-url') ? INNER_URL : `${this.#http.url}/files/${name}`;
  }

  #health(): object {
    const count = (state: RunPodJobRecord['state']): number => this.jobs.filter((job) => job.state === state).length;
    const { idle, running, initializing } = this.workers.counts;
    return {
      jobs: {
        completed: count('COMPLETED'),
        failed: count('FAILED'),
        inProgress: count('IN_PROGRESS'),
        inQueue: count('IN_QUEUE'),
        retried: 0,
      },
      workers: { idle, initializing, ready: idle, running, throttled: 0, unhealthy: 0 },
    };
  }
}

/** Starts a fake on loopback. */
export async function startFakeRunPod(options: FakeRunPodOptions = {}): Promise<FakeRunPod> {
  const fake = new FakeRunPod(options);
  await fake.listen();
  return fake;
}

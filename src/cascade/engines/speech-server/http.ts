import { Agent, type buildConnector, request as send } from 'undici';
import type { Clock } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { HostGuard } from '../shared/host-guard.js';
import { isObject, type JsonObject, objectIn, parseJson, textIn } from '../shared/json.js';
import { brokenOff, protocolFault, statusFailure, transportFailure } from './failures.js';
import { RequestLife } from './request-life.js';

export interface SpeechHttpOptions {
  /** The server in messages: `the speech server`, `RunPod`. */
  readonly who: string;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Opens connections instead of undici: for addresses that come out of the network. */
  readonly connect?: buildConnector.connector;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}

export interface SpeechHttpRequest {
  readonly url: URL;
  /** Default: GET. */
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, instead of `json`; what it is stands in `headers`. */
  readonly body?: Uint8Array;
  /** From the request to the first byte of the answer's body, ms. */
  readonly firstByteMs: number;
  /** Between two bytes of the body, ms. Default: `firstByteMs`. */
  readonly idleMs?: number;
  /** The longest body taken. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** How often in a row a 303 is followed, by GET, to the same host; each may take `firstByteMs`. Default: never. */
  readonly redirects?: number;
  /** Statuses beyond 2xx that are answers as well. Default: none. */
  readonly statuses?: readonly number[];
}

/** An answer with a status of 2xx, or one that was asked for, whose body is still to come. */
export interface SpeechHttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Iterated once. Leaving the loop gives the request up. @throws FlavorError, or the reason of the request's signal */
  readonly body: AsyncIterable<Uint8Array>;
  /** The body as a JSON object, instead of `body`. @throws FlavorError also for what is none */
  json(): Promise<JsonObject>;
  /** The same for an API whose answers may be lists. @throws FlavorError also for what is no JSON */
  jsonValue(): Promise<unknown>;
  /** Gives the request up, or what is left of the body. */
  discard(): void;
}

/**
 * Less than the 5 s for which uvicorn, which most speech servers run on, keeps an idle connection: a request must not
 * meet a connection on its way out.
 */
const KEEP_ALIVE_MS = 4_000;
const MAX_BODY_BYTES = 64 * 1_048_576;
const MAX_JSON_BYTES = 32 * 1_048_576;
/** Of a refusal, for the codes in it. */
const MAX_REFUSAL_BYTES = 16 * 1024;
/** For that beginning, ms: whoever asked waits, and the status says most of it. */
const REFUSAL_MS = 1_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Requests to a speech server over connections that all calls share: bounded, timed, and explained when they fail. */
export class SpeechHttp implements AsyncDisposable {
  readonly #options: SpeechHttpOptions;
  readonly #agent: Agent;

  constructor(options: SpeechHttpOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connect: options.connect ?? {
        timeout: options.connectTimeoutMs,
        ...(options.guard && { lookup: options.guard.lookup }),
      },
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Each request is timed here.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** The server in messages. */
  get who(): string {
    return this.#options.who;
  }

  /**
   * Sends a request, and resolves with the head of its answer.
   *
   * @param signal Ends the request at any time, also while its body comes.
   * @throws FlavorError for every status but 2xx, and where no answer came; `signal.reason`.
   */
  async request(request: SpeechHttpRequest, signal: AbortSignal): Promise<SpeechHttpAnswer> {
    const { clock, who, guard } = this.#options;
    guard?.admit(request.url);
    const life = new RequestLife(who, clock, signal);
    try {
      let target = request;
      for (let left = request.redirects ?? 0; ; left -= 1) {
        life.expect(request.firstByteMs, 'to answer');
        const response = await life.race(this.#send(target, life.signal));
        const headers = flat(response.headers);
        const { statusCode: status, body } = response;
        // The body may end in an error that nobody is there to read.
        body.on('error', () => {});
        if (status === 303 && left > 0) {
          body.destroy();
          target = redirected(who, target, headers['location']);
          continue;
        }
        const wanted = (status >= 200 && status <= 299) || request.statuses?.includes(status) === true;
        if (!wanted) throw await this.#refusal(status, headers, body, life);
        return new Answer(who, status, headers, body, life, request);
      }
    } catch (error) {
      life.close();
      signal.throwIfAborted();
      // A refusal stays one, also where its body did not come in time.
      throw error instanceof FlavorError ? error : (life.failure ?? transportFailure(who, error));
    }
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  #send({ url, method, headers, json, body }: SpeechHttpRequest, signal: AbortSignal): ReturnType<typeof send> {
    return send(url, {
      method: method ?? 'GET',
      headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined && { body }),
      dispatcher: this.#agent,
      signal,
    });
  }

  async #refusal(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: AsyncIterable<Uint8Array>,
    life: RequestLife,
  ): Promise<FlavorError> {
    const { clock } = this.#options;
    const parts: Uint8Array[] = [];
    try {
      const untilMs = clock.now() + REFUSAL_MS;
      life.expect(REFUSAL_MS, 'to say why it refused');
      let bytes = 0;
      for await (const part of life.each(body, REFUSAL_MS)) {
        parts.push(part);
        bytes += part.length;
        if (bytes > MAX_REFUSAL_BYTES || clock.now() >= untilMs) break;
      }
    } catch {
      // The status says enough.
    }
    const names = namesIn(parseJson(Buffer.concat(parts).toString('utf8')));
    const afterMs = retryAfter(headers['retry-after'], clock.wallTime());
    return statusFailure(this.#options.who, status, names, afterMs);
  }
}

class Answer implements SpeechHttpAnswer {
  readonly body: AsyncIterable<Uint8Array>;
  readonly #who: string;
  readonly #life: RequestLife;

  constructor(
    who: string,
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    body: AsyncIterable<Uint8Array> & { destroy(): void },
    life: RequestLife,
    request: SpeechHttpRequest,
  ) {
    this.#who = who;
    this.#life = life;
    this.body = this.#read(body, request);
  }

  async json(): Promise<JsonObject> {
    const value = await this.jsonValue();
    if (!isObject(value)) throw protocolFault(this.#who, 'something that is no JSON object');
    return value;
  }

  async jsonValue(): Promise<unknown> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of this.body) {
      parts.push(part);
      bytes += part.length;
      if (bytes > MAX_JSON_BYTES) throw protocolFault(this.#who, 'more than is taken');
    }
    const value = parseJson(Buffer.concat(parts).toString('utf8'));
    if (value === undefined) throw protocolFault(this.#who, 'something that is no JSON');
    return value;
  }

  discard(): void {
    this.#life.close();
  }

  async *#read(
    body: AsyncIterable<Uint8Array> & { destroy(): void },
    { idleMs, firstByteMs, maxBytes = MAX_BODY_BYTES }: SpeechHttpRequest,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const life = this.#life;
    let bytes = 0;
    try {
      for await (const part of life.each(body, idleMs ?? firstByteMs)) {
        bytes += part.length;
        if (bytes > maxBytes) throw protocolFault(this.#who, 'more than is taken');
        yield part;
      }
    } catch (error) {
      life.parent.throwIfAborted();
      if (life.failure !== undefined) throw life.failure;
      const failure = transportFailure(this.#who, error);
      // Whatever broke the connection, what was to come is missing.
      throw failure.code === 'ERR_FLAVOR_NETWORK' ? brokenOff(this.#who) : failure;
    } finally {
      body.destroy();
      life.close();
    }
  }
}

/** Where a 303 leads: to a GET at the same host, so that credentials stay where they belong. */
function redirected(
  who: string,
  { url, ...request }: SpeechHttpRequest,
  location: string | undefined,
): SpeechHttpRequest {
  const target = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (target === undefined || target.origin !== url.origin) {
    throw protocolFault(who, 'a redirect to another place');
  }
  const { json: _, body: __, ...rest } = request;
  return { ...rest, url: target, method: 'GET' };
}

/** Header fields by name; of several the first. */
function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) found[name] = first;
  }
  return found;
}

/** The codes that a refusal names: `{"error": {"code", "type"}}`, or the same without the `error` around it. */
function namesIn(body: unknown): readonly string[] {
  if (!isObject(body)) return [];
  const error = isObject(body['error']) ? objectIn(body, 'error') : body;
  return [textIn(error, 'code'), textIn(error, 'type')];
}

/** `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. */
function retryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined;
}

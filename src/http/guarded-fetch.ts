import { lookup } from 'node:dns/promises';
import { Agent, type Dispatcher, request as send, fetch as undiciFetch } from 'undici';
import type { Clock } from '../base/clock.js';
import { ConnectorError, errorCode } from '../base/connector-error.js';
import { orAborted } from '../base/or-aborted.js';
import { AddressGuard } from './address-guard.js';
import { boundedBody, readText } from './bounded-body.js';
import { GuardedConnector, type ResolveHost } from './guarded-connector.js';
import { nextHop } from './redirect.js';
import { checkedUrl } from './request-url.js';

export interface GuardedFetchOptions {
  /** CIDR blocks that requests may go to although they are not the public internet: `10.1.0.0/16`, `127.0.0.1`. */
  readonly allow: readonly string[];
  readonly clock: Clock;
  /** All addresses of a host name; tests bring their own. Default: the system's resolver. */
  readonly resolve?: ResolveHost;
}

export interface HttpRequest {
  /** `http:` or `https:`, without user and password. */
  readonly url: string;
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For everything together: resolving, connecting, redirects, and the whole answer. */
  readonly timeoutMs: number;
  /** The longest body taken. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; several fields of one name joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded as UTF-8, whatever the answer says of itself. */
  readonly body: string;
}

/** HTTP for urls that are configured, or made with what callers and models say: to the public internet, bounded. */
export interface GuardedFetch extends AsyncDisposable {
  /**
   * Any status is a result. Throws `ERR_HTTP_BLOCKED`, `ERR_HTTP_TIMEOUT`, `ERR_HTTP_TOO_LARGE`, `ERR_HTTP_FAILED`, and
   * the reason of `signal`. Messages name the host and nothing else of the url.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * The same guard behind the shape of `fetch`, for libraries that bring their own requests. Redirects are refused, and
   * an answer (of an event stream: one event) that is longer than `maxBytes` fails while it is read, as does a flood of events.
   */
  asFetch(maxBytes: number): (url: string | URL, init?: RequestInit) => Promise<Response>;
}

const MAX_REDIRECTS = 3;
const MAX_HEADER_BYTES = 32_768;

export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  return new Http(options);
}

class Http implements GuardedFetch {
  readonly #clock: Clock;
  readonly #connector: GuardedConnector;
  readonly #agent: Agent;

  constructor(options: GuardedFetchOptions) {
    this.#clock = options.clock;
    const resolve = options.resolve ?? ((hostname) => lookup(hostname, { all: true, order: 'verbatim' }));
    this.#connector = new GuardedConnector(new AddressGuard(options.allow), resolve);
    this.#agent = new Agent({
      connect: this.#connector.connect,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Each request has one time-out for all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    request.signal?.throwIfAborted();
    const { host } = checkedUrl(request.url);
    const abort = new AbortController();
    const late = new ConnectorError('ERR_HTTP_TIMEOUT', `${host} did not answer within ${request.timeoutMs} ms`);
    const timer = this.#clock.setTimeout(() => abort.abort(late), request.timeoutMs);
    const cancel = (): void => abort.abort(request.signal?.reason);
    request.signal?.addEventListener('abort', cancel, { once: true });
    try {
      // While a connection is being opened, undici does not listen to the signal.
      return await orAborted(this.#follow(request, abort.signal), abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : asHttpError(host, error);
    } finally {
      this.#clock.clearTimeout(timer);
      request.signal?.removeEventListener('abort', cancel);
      // An answer that was refused half-read must not keep its connection.
      abort.abort();
    }
  }

  asFetch(maxBytes: number): (url: string | URL, init?: RequestInit) => Promise<Response> {
    return async (url, init = {}) => {
      const { host } = checkedUrl(String(url));
      try {
        const { method, headers, body, signal } = init;
        const response = await undiciFetch(url, {
          ...(method !== undefined && { method }),
          ...(headers !== undefined && { headers: [...new Headers(headers)] }),
          ...(typeof body === 'string' && { body }),
          ...(signal && { signal }),
          redirect: 'error',
          dispatcher: this.#agent,
        });
        const { status, statusText } = response;
        const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
        const bounded = response.body && boundedBody(response.body, { host, maxBytes, isStream }, this.#clock);
        // Node's own class, which libraries are typed with, in place of undici's.
        return new Response(bounded, { status, statusText, headers: [...response.headers] });
      } catch (error) {
        throw init.signal?.aborted ? init.signal.reason : asHttpError(host, error);
      }
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const destroyed = this.#agent.destroy();
    this.#connector.close();
    await destroyed;
  }

  async #follow(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    let hop = {
      url: checkedUrl(request.url),
      method: (request.method ?? 'GET').toUpperCase(),
      headers: request.headers ?? {},
      body: request.body,
    };
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#send(hop.url, hop, signal);
      const { statusCode: status, body } = answer;
      // What is not read to its end is destroyed by `request`, and would die of having nobody to tell.
      body.on('error', () => {});
      const location = answer.headers['location'];
      const next = typeof location === 'string' ? nextHop(hop, status, location) : undefined;
      if (!next) return { status, headers: flat(answer.headers), body: await this.#read(answer, hop.url, request) };
      if (redirects === MAX_REDIRECTS) {
        throw new ConnectorError('ERR_HTTP_FAILED', `${hop.url.host} redirects more than ${MAX_REDIRECTS} times`);
      }
      await body.dump({ limit: 16_384, signal });
      hop = next;
    }
  }

  #send(
    url: URL,
    hop: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    return send(url, {
      dispatcher: this.#agent,
      method: hop.method,
      headers: { 'accept-encoding': 'identity', ...hop.headers },
      ...(hop.body !== undefined && { body: hop.body }),
      signal,
    });
  }

  async #read(answer: Dispatcher.ResponseData, url: URL, request: HttpRequest): Promise<string> {
    const encoding = answer.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      throw new ConnectorError('ERR_HTTP_FAILED', `${url.host} answers with a content encoding nobody asked for`);
    }
    return readText(answer.body, { host: url.host, maxBytes: request.maxBytes });
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value] as const],
  );
  return Object.fromEntries(entries);
}

/** Whatever went wrong under a request, in a message that repeats neither path nor header nor body. */
function asHttpError(host: string, error: unknown): ConnectorError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ConnectorError) return cause;
  }
  const reason = reasonOf(error);
  return new ConnectorError('ERR_HTTP_FAILED', `the request to ${host} failed: ${reason}`);
}

/** A code where there is one: messages of libraries may quote what was sent. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return errorCode(cause) ?? (cause instanceof Error ? cause.name : 'unknown');
}

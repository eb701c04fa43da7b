import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import { FlavorError } from '../../../flavor-api/index.js';
import type { HostGuard } from '../shared/host-guard.js';
import type { ProviderHttp } from './deps.js';

/** A connection that was not made in this time is tried anew: a caller waits. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Between two turns of a call nothing is sent for a while; the next turn must not pay for TCP and TLS again. */
const KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_MAX_MS = 600_000;
/** The longest answer taken, bytes: far beyond what can be said in a call. */
const MAX_ANSWER_BYTES = 4 * 1_048_576;

/**
 * Connections to a provider, kept open between answers and shared by all calls. Redirects are refused: they would carry
 * the API key elsewhere.
 *
 * @param guard Where connections may go. Default: anywhere.
 */
export function createProviderHttp(
  maxAnswerBytes: number = MAX_ANSWER_BYTES,
  guard: HostGuard | undefined = undefined,
): ProviderHttp {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(guard && { lookup: guard.lookup }) },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    // Whoever asks has a time-out for the first word and one for each pause.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async fetch(url, init = {}) {
      const { method, headers, body, signal } = init;
      const target = new URL(url instanceof Request ? url.url : url);
      guard?.admit(target);
      // undici's plain request: its `fetch` takes a millisecond more of every answer, and redirects are nobody's here.
      const {
        statusCode,
        headers: answered,
        body: answer,
      } = await agent.request({
        origin: target.origin,
        path: `${target.pathname}${target.search}`,
        method: method === 'POST' ? 'POST' : 'GET',
        headers: Object.fromEntries(new Headers(headers)),
        ...(typeof body === 'string' && { body }),
        ...(signal && { signal }),
      });
      // What breaks while nobody reads is told to whoever reads next; without anybody it would end the process.
      answer.on('error', () => {});
      if (statusCode >= 300 && statusCode < 400) {
        answer.destroy();
        throw new FlavorError('ERR_FLAVOR_CONFIG', `the language model is elsewhere (HTTP ${statusCode})`, false);
      }
      return new Response(hasBody(statusCode) ? bounded(answer, maxAnswerBytes) : null, {
        status: statusCode,
        headers: Object.entries(answered).flatMap(([name, value]): [string, string][] =>
          value === undefined ? [] : [value].flat().map((each) => [name, each]),
        ),
      });
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** Statuses whose answers have no body: a `Response` takes none for them. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

function bounded(answer: Readable, maxBytes: number): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Buffer> = answer[Symbol.asyncIterator]();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) return controller.close();
        bytes += value.length;
        if (bytes <= maxBytes) return controller.enqueue(value);
        answer.destroy();
        const message = 'the language model answered more than is taken';
        controller.error(new FlavorError('ERR_FLAVOR_PROTOCOL', message, false));
      },
      cancel() {
        answer.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

import type { Transformer } from 'node:stream/web';
import { Agent, fetch as undiciFetch } from 'undici';
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
      const response = await undiciFetch(target, {
        ...(method !== undefined && { method }),
        ...(headers !== undefined && { headers: [...new Headers(headers)] }),
        ...(typeof body === 'string' && { body }),
        ...(signal && { signal }),
        redirect: 'error',
        dispatcher: agent,
      });
      const { status, statusText } = response;
      const bounded = response.body?.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(atMost(maxAnswerBytes)));
      // Node's own class, which the SDKs are typed with, in place of undici's.
      return new Response(bounded ?? null, { status, statusText, headers: [...response.headers] });
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

function atMost(maxBytes: number): Transformer<Uint8Array, Uint8Array> {
  let bytes = 0;
  return {
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) return controller.enqueue(chunk);
      controller.error(new FlavorError('ERR_FLAVOR_PROTOCOL', 'the language model answered more than is taken', false));
    },
  };
}

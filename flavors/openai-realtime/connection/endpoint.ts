import { validateHeaderValue } from 'node:http';
import type { SecureContext } from 'node:tls';
import type { RealtimeConfig } from '../config.js';
import { configFailure } from '../protocol/errors.js';

/** Where to connect, and what the upgrade request carries. Holds secrets: never logged. */
export interface Endpoint {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** What its connections by TLS have in common. Absent: each makes its own, which takes 14 kB and a tenth of the CPU of connecting. */
  readonly secureContext?: SecureContext;
}

/**
 * The endpoint of a configuration. Azure's v1 API takes the deployment as `model`; its dated versions take `api-version`
 * and `deployment`. Throws ERR_FLAVOR_CONFIG for a combination that cannot work.
 */
export function endpointOf(config: RealtimeConfig): Endpoint {
  const { azure } = config;
  const headers = commonHeaders(config);
  requireSendable(headers);
  if (azure) return { url: azureUrl(azure), headers: { 'api-key': config.apiKey, ...headers } };
  const url = webSocketUrl(config.url);
  if (!url.searchParams.has('model')) url.searchParams.set('model', config.model);
  return { url, headers: { Authorization: `Bearer ${config.apiKey}`, ...headers } };
}

/** What no request can carry is found when the flavor is made, not on a call. */
function requireSendable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderValue(name, value);
    } catch {
      throw configFailure(`the header ${name} holds a character that none may: a line break, or a typographic quote`);
    }
  }
}

/** The header that asks the service for the protocol of 2024. */
function commonHeaders(config: RealtimeConfig): Record<string, string> {
  return {
    ...(config.dialect === 'beta' && { 'OpenAI-Beta': 'realtime=v1' }),
    ...(config.safetyIdentifier !== undefined && { 'OpenAI-Safety-Identifier': config.safetyIdentifier }),
    ...config.headers,
  };
}

function azureUrl(azure: NonNullable<RealtimeConfig['azure']>): URL {
  const { resource, endpoint, deployment, apiVersion } = azure;
  if ((resource === undefined) === (endpoint === undefined)) {
    throw configFailure('azure needs either resource or endpoint');
  }
  const url = webSocketUrl(endpoint ?? `wss://${resource}.openai.azure.com`);
  const base = url.pathname.replace(/\/+$/, '').replace(/\/openai(?:\/v1)?(?:\/realtime)?$/, '');
  url.pathname = `${base}/openai/${apiVersion === undefined ? 'v1/' : ''}realtime`;
  if (apiVersion === undefined) {
    url.searchParams.set('model', deployment);
  } else {
    url.searchParams.set('api-version', apiVersion);
    url.searchParams.set('deployment', deployment);
  }
  return url;
}

function webSocketUrl(text: string): URL {
  const url = new URL(text.replace(/^http/i, 'ws'));
  // RFC 6455 section 3: the address of a WebSocket has no fragment, and `ws` throws for one.
  url.hash = '';
  return url;
}

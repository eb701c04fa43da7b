import type { IncomingMessage } from 'node:http';
import { type Refusal, refusal } from './refusal.js';

/** `ga`: the protocol as it is. `beta`: the one before it, which compatible servers still speak. */
export type Dialect = 'ga' | 'beta';

export interface HandshakeOptions {
  /** The only key that is let in; `undefined`: any. */
  readonly apiKey: string | undefined;
  readonly dialect: Dialect;
}

/** What becomes of a request to upgrade. */
export type Verdict =
  | { readonly type: 'accept'; readonly model: string }
  /** The upgrade is answered with an HTTP error. */
  | { readonly type: 'refuse'; readonly status: number; readonly refusal: Refusal }
  /** The upgrade succeeds, and an `error` event and the end of the connection follow. */
  | { readonly type: 'dismiss'; readonly closeCode: number; readonly refusal: Refusal };

/** Which address was used: OpenAI's, Azure's of today (`/openai/v1`), Azure's with `api-version`. */
type Addressing = 'openai' | 'azure-v1' | 'azure-versioned';

const addressings: Readonly<Record<string, Addressing>> = {
  '/v1/realtime': 'openai',
  '/openai/v1/realtime': 'azure-v1',
  '/openai/realtime': 'azure-versioned',
};

/** What a request target is read against; the host is of no interest. */
const BASE = 'ws://fake';

/** Browsers, which cannot set headers, put the key into a subprotocol. */
const KEY_PROTOCOL = 'openai-insecure-api-key.';

/** Judges a request to upgrade: address, key, model, dialect. */
export function judgeUpgrade(request: IncomingMessage, { apiKey, dialect }: HandshakeOptions): Verdict {
  const target = request.url ?? '/';
  // `//` is a fine request target and no URL.
  const url = new URL(URL.canParse(target, BASE) ? target : '/', BASE);
  const addressing = Object.hasOwn(addressings, url.pathname) ? addressings[url.pathname] : undefined;
  if (addressing === undefined) {
    const message = `Invalid URL (GET ${url.pathname})`;
    return { type: 'refuse', status: 404, refusal: refusal('unknown_url', message) };
  }
  const azure = addressing !== 'openai';
  const key = keyOf(request, url, azure);
  if (key === undefined || (apiKey !== undefined && key !== apiKey)) {
    if (azure) return wrongAzureKey();
    return key === undefined ? wrongKey("You didn't provide an API key.") : wrongKey();
  }
  if (dialect === 'ga' && request.headers['openai-beta'] !== undefined) {
    const message =
      'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API, without the OpenAI-Beta header.';
    return dismiss(4000, refusal('beta_api_shape_disabled', message));
  }
  return judgeModel(url, addressing, dialect);
}

function judgeModel(url: URL, addressing: Addressing, dialect: Dialect): Verdict {
  const versioned = addressing === 'azure-versioned';
  if (versioned && url.searchParams.get('api-version') === null) {
    return { type: 'refuse', status: 404, refusal: refusal('404', 'Resource not found') };
  }
  const model = url.searchParams.get(versioned ? 'deployment' : 'model');
  if (model === null || model === '') {
    const message =
      'You must provide a model parameter, for example wss://api.openai.com/v1/realtime?model=gpt-realtime';
    return dismiss(4000, refusal('missing_model', message));
  }
  // Deployments of Azure, and models of compatible servers, are named by whoever made them.
  if (addressing !== 'openai' || dialect === 'beta') return { type: 'accept', model };
  if (/^(ft:)?gpt-.*(realtime|audio)/.test(model)) return { type: 'accept', model };
  if (model.startsWith('gpt-')) {
    return dismiss(4000, refusal('invalid_model', `Model "${model}" is not supported in realtime mode.`));
  }
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return dismiss(4004, refusal('model_not_found', message));
}

function dismiss(closeCode: number, reason: Refusal): Verdict {
  return { type: 'dismiss', closeCode, refusal: reason };
}

/** What OpenAI answers to a wrong key: it lets the upgrade pass and says it inside. */
export function wrongKey(message = 'Incorrect API key provided.'): Verdict & { readonly type: 'dismiss' } {
  return { type: 'dismiss', closeCode: 3000, refusal: refusal('invalid_api_key', message) };
}

/** Azure's gateway answers 401. */
function wrongAzureKey(): Verdict {
  const message = 'Access denied due to invalid subscription key or wrong API endpoint.';
  return { type: 'refuse', status: 401, refusal: refusal('401', message) };
}

function keyOf({ headers }: IncomingMessage, url: URL, azure: boolean): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  if (azure) {
    const header = headers['api-key'];
    return (typeof header === 'string' ? header : undefined) ?? url.searchParams.get('api-key') ?? undefined;
  }
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return protocols.find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
}

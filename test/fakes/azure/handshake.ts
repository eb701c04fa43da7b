import type { IncomingMessage } from 'node:http';

export type ServiceName = 'stt' | 'tts';

export type Verdict =
  | {
      readonly type: 'accept';
      readonly service: ServiceName;
      /** Without the key. */
      readonly query: URLSearchParams;
      readonly credential: 'header' | 'query' | 'token';
    }
  | { readonly type: 'refuse'; readonly status: number; readonly message: string };

const KEY = 'Ocp-Apim-Subscription-Key';

const recognition =
  /^(?:\/stt)?\/speech\/(?:universal\/v2|recognition\/(?:conversation|interactive|dictation)\/cognitiveservices\/v1)$/;
const synthesis = /^(?:\/tts)?\/cognitiveservices\/websocket\/v1$/;

export interface Credentials {
  isKey(key: string): boolean;
  isToken(token: string): boolean;
}

/** Judges a request to upgrade: path, credentials, language. */
export function judgeUpgrade(request: IncomingMessage, credentials: Credentials): Verdict {
  const target = request.url ?? '/';
  const url = new URL(URL.canParse(target, 'ws://fake') ? target : '/', 'ws://fake');
  const service = recognition.test(url.pathname) ? 'stt' : synthesis.test(url.pathname) ? 'tts' : undefined;
  if (service === undefined) return refuse(404, 'Resource not found');
  const credential = credentialIn(request, url.searchParams, credentials);
  if (credential === undefined) {
    return refuse(401, 'Access denied due to invalid subscription key or wrong API endpoint.');
  }
  const query = new URLSearchParams(url.searchParams);
  query.delete(KEY);
  const language = query.get('language');
  // A custom model has a language of its own; newer paths of the recogniser take all about it from `speech.context`.
  const model = query.get('cid');
  if (service === 'stt' && language === null && model === null && !url.pathname.includes('/universal/'))
    return refuse(400, 'No language was given.');
  if (language !== null && !isLanguage(language)) return refuse(400, 'The specified language is not supported.');
  return { type: 'accept', service, query, credential };
}

/** Whether the recogniser knows a language; of this fake, that it looks like one. */
export function isLanguage(language: string): boolean {
  return /^[a-z]{2,3}(-[A-Za-z]{4})?-[A-Z]{2}$/.test(language) && language !== 'xx-XX';
}

function credentialIn(
  { headers }: IncomingMessage,
  query: URLSearchParams,
  credentials: Credentials,
): 'header' | 'query' | 'token' | undefined {
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token !== undefined && credentials.isToken(token)) return 'token';
  // One in the address is what everybody on the way reads, whatever else there is.
  const inQuery = query.get(KEY);
  if (inQuery !== null) return credentials.isKey(inQuery) ? 'query' : undefined;
  const header = headers[KEY.toLowerCase()];
  return typeof header === 'string' && credentials.isKey(header) ? 'header' : undefined;
}

function refuse(status: number, message: string): Verdict {
  return { type: 'refuse', status, message };
}

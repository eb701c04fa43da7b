import type { IncomingMessage } from 'node:http';
import { type FakeAudioFormat, isRawEncoding } from './audio-format.js';

/** What a connection is for. */
export type ServiceName = 'listen-v1' | 'listen-v2' | 'speak' | 'agent';

/** A refusal, as the service words it: HTTP status, `err_code`, `err_msg`. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export type Verdict =
  | {
      readonly type: 'accept';
      readonly service: ServiceName;
      readonly query: URLSearchParams;
      /** Of the audio that comes in (listen) or goes out (speak); for the agent, the settings say it. */
      readonly format: FakeAudioFormat;
    }
  | ({ readonly type: 'refuse' } & UpgradeRefusal);

const services: Readonly<Record<string, ServiceName>> = {
  '/v1/listen': 'listen-v1',
  '/v2/listen': 'listen-v2',
  '/v1/speak': 'speak',
  '/v1/agent/converse': 'agent',
};

const encodings = [
  'linear16',
  'linear32',
  'flac',
  'alaw',
  'mulaw',
  'amr-nb',
  'amr-wb',
  'opus',
  'ogg-opus',
  'speex',
  'g729',
];

const v1Parameters = [
  'callback',
  'callback_method',
  'channels',
  'detect_entities',
  'diarize',
  'diarize_model',
  'dictation',
  'encoding',
  'endpointing',
  'extra',
  'interim_results',
  'keyterm',
  'keywords',
  'language',
  'mip_opt_out',
  'model',
  'multichannel',
  'numerals',
  'profanity_filter',
  'punctuate',
  'redact',
  'replace',
  'sample_rate',
  'search',
  'smart_format',
  'tag',
  'utterance_end_ms',
  'vad_events',
  'version',
];

const v2Parameters = [
  'model',
  'encoding',
  'sample_rate',
  'eager_eot_threshold',
  'eot_threshold',
  'eot_timeout_ms',
  'keyterm',
  'language_hint',
  'profanity_filter',
  'numerals',
  'redact',
  'mip_opt_out',
  'tag',
];

const speakParameters = ['model', 'encoding', 'sample_rate', 'speed', 'mip_opt_out', 'tag'];

/** What a client shows: a key as `Token`, a granted token as `Bearer`; neither is let in as the other. */
export interface Credential {
  readonly scheme: 'token' | 'bearer';
  readonly text: string;
}

/** Judges a request to upgrade: path, credentials, parameters. `knows` says whether a credential is let in. */
export function judgeUpgrade(request: IncomingMessage, knows: (credential: Credential) => boolean): Verdict {
  const target = request.url ?? '/';
  const url = new URL(URL.canParse(target, 'ws://fake') ? target : '/', 'ws://fake');
  const service = Object.hasOwn(services, url.pathname) ? services[url.pathname] : undefined;
  if (service === undefined) return refuse(404, 'NOT_FOUND', 'The requested resource does not exist.');
  const credential = credentialOf(request);
  if (credential === undefined || !knows(credential)) return refuse(401, 'INVALID_AUTH', 'Invalid credentials.');
  const query = url.searchParams;
  switch (service) {
    case 'listen-v1':
      return judgeListenV1(query);
    case 'listen-v2':
      return judgeListenV2(query);
    case 'speak':
      return judgeSpeak(query);
    case 'agent':
      return { type: 'accept', service, query, format: { encoding: 'linear16', sampleRate: 24_000 } };
  }
}

/** `Authorization: Token KEY` or `Bearer JWT`, or the two subprotocols that browsers use. */
export function credentialOf({ headers }: IncomingMessage): Credential | undefined {
  const shown =
    headers.authorization?.split(' ') ?? headers['sec-websocket-protocol']?.split(',').map((part) => part.trim()) ?? [];
  const [scheme = '', text = ''] = shown;
  const name = scheme.toLowerCase();
  return (name === 'token' || name === 'bearer') && text !== '' ? { scheme: name, text } : undefined;
}

function judgeListenV1(query: URLSearchParams): Verdict {
  const wrong = unknownParameter(query, v1Parameters);
  if (wrong !== undefined) return wrong;
  const model = query.get('model') ?? 'base';
  if (!/^(nova|enhanced|base|whisper)/.test(model)) {
    return badRequest('No such model/language/tier combination found.');
  }
  if (query.has('keyterm') && !model.startsWith('nova-3')) return badRequest('keyterm is only supported by Nova-3.');
  if (query.has('keywords') && model.startsWith('nova-3')) return badRequest('keywords is not supported by Nova-3.');
  const endpointing = query.get('endpointing');
  if (endpointing !== null && !/^(\d+|true|false)$/.test(endpointing)) return badRequest('Invalid endpointing.');
  const utteranceEnd = query.get('utterance_end_ms');
  if (utteranceEnd !== null) {
    if (query.get('interim_results') !== 'true') return badRequest('utterance_end_ms requires interim_results=true.');
    if (!(Number(utteranceEnd) >= 1000)) return badRequest('utterance_end_ms must be at least 1000.');
  }
  return withFormat('listen-v1', query);
}

function judgeListenV2(query: URLSearchParams): Verdict {
  const wrong = unknownParameter(query, v2Parameters);
  if (wrong !== undefined) return wrong;
  const model = query.get('model') ?? '';
  if (model !== 'flux-general-en' && model !== 'flux-general-multi') return badRequest('Unknown model for /v2/listen.');
  if (query.has('language_hint') && model !== 'flux-general-multi') {
    return badRequest('language_hint is only supported by flux-general-multi.');
  }
  const eot = Number(query.get('eot_threshold') ?? 0.7);
  const eager = query.get('eager_eot_threshold');
  const timeout = Number(query.get('eot_timeout_ms') ?? 5000);
  if (!(eot >= 0.5 && eot <= 1)) return badRequest('eot_threshold is out of range.');
  if (eager !== null && !(Number(eager) >= 0.3 && Number(eager) <= 0.9)) {
    return badRequest('eager_eot_threshold is out of range.');
  }
  if (eager !== null && Number(eager) > eot) return badRequest('eager_eot_threshold must not exceed eot_threshold.');
  if (!(timeout >= 500 && timeout <= 60_000)) return badRequest('eot_timeout_ms is out of range.');
  return withFormat('listen-v2', query);
}

function judgeSpeak(query: URLSearchParams): Verdict {
  const wrong = unknownParameter(query, speakParameters);
  if (wrong !== undefined) return wrong;
  const encoding = query.get('encoding') ?? 'linear16';
  const sampleRate = Number(query.get('sample_rate') ?? (encoding === 'linear16' ? 24_000 : 8000));
  if (!(query.get('model') ?? 'aura-asteria-en').startsWith('aura-')) return badRequest('No such model found.');
  if (!isRawEncoding(encoding)) return badRequest(`Encoding ${encoding} is not supported over WebSocket.`);
  const rates = encoding === 'linear16' ? [8000, 16_000, 24_000, 32_000, 48_000] : [8000, 16_000];
  if (!rates.includes(sampleRate)) return badRequest('Unsupported audio format: sample_rate.');
  const speed = Number(query.get('speed') ?? 1);
  if (!(speed >= 0.7 && speed <= 1.5)) return badRequest('speed is out of range.');
  return { type: 'accept', service: 'speak', query, format: { encoding, sampleRate } };
}

function withFormat(service: ServiceName, query: URLSearchParams): Verdict {
  const encoding = query.get('encoding');
  const sampleRate = Number(query.get('sample_rate') ?? Number.NaN);
  if (encoding === null) return badRequest('This fake takes raw audio only: name an encoding.');
  if (!encodings.includes(encoding)) return badRequest(`Unknown encoding ${encoding}.`);
  if (!isRawEncoding(encoding)) return badRequest(`This fake does not decode ${encoding}.`);
  if (!(sampleRate >= 8000 && sampleRate <= 48_000)) return badRequest('sample_rate is required with raw audio.');
  return { type: 'accept', service, query, format: { encoding, sampleRate } };
}

function unknownParameter(query: URLSearchParams, known: readonly string[]): Verdict | undefined {
  const name = [...query.keys()].find((each) => !known.includes(each));
  return name === undefined ? undefined : badRequest(`Unexpected query parameter ${name}.`);
}

function badRequest(message: string): Verdict {
  return refuse(400, 'Bad Request', message);
}

function refuse(status: number, code: string, message: string): Verdict {
  return { type: 'refuse', status, code, message };
}

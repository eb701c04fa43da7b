import { isObject } from '../../base/is-object.js';
import { readHead } from '../message/message-head.js';
import { SipHeaders } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import { parseObject } from './mi/mi-message.js';

/** The event that b2b_entities raises about a session of `ua_session_server_init` or `ua_session_client_start`. */
export const UA_SESSION_EVENT = 'E_UA_SESSION';

const eventTypes = ['NEW', 'EARLY', 'ANSWERED', 'REJECTED', 'UPDATED', 'TERMINATED'] as const;

/**
 * What happened in a session. `NEW`: an INVITE that makes one. `UPDATED`: any other request in it, and the ACK where the
 * script asks for ACKs (flag `a`). `TERMINATED`: BYE, which OpenSIPS answers itself, or CANCEL, after which the INVITE
 * still waits. `EARLY`, `ANSWERED`, `REJECTED`: responses to requests of ours.
 */
export type SessionEventType = (typeof eventTypes)[number];

export interface SessionEvent {
  /** Names the session in every event and command. */
  readonly key: string;
  /** `UAS`: the INVITE came in. */
  readonly entity: 'UAS' | 'UAC';
  readonly type: SessionEventType;
  /** Of the request, or of the request that the response answers. */
  readonly method: string;
  /** 0 for a request. */
  readonly status: number;
  readonly phrase: string;
  /** Empty where the script does not ask for them (flag `h`). */
  readonly headers: SipHeaders;
  readonly body: Buffer;
  /** What the script gave as third argument of `ua_session_server_init`. */
  readonly extra: string;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads one datagram of event_datagram: a JSON-RPC notification. OpenSIPS passes header fields on as they came, so that
 * one byte of ISO 8859-1 makes the whole datagram no UTF-8; it is read as ISO 8859-1 then. `undefined` for whatever is
 * no such event.
 */
export function readSessionEvent(datagram: Buffer): SessionEvent | undefined {
  const message = parseObject(textOf(datagram));
  const name = message?.['method'];
  const params = message?.['params'];
  if (typeof name !== 'string' || !isObject(params)) return undefined;
  if (name.slice(name.lastIndexOf(':') + 1) !== UA_SESSION_EVENT) return undefined;
  const text = (parameter: string): string => {
    const value = params[parameter];
    return typeof value === 'string' ? value : '';
  };
  const [key, entity, method] = [text('key'), text('entity_type'), text('method')];
  const type = eventTypes.find((one) => one === text('event_type'));
  const known = /^[\x21-\x7e]{1,128}$/.test(key) && /^[A-Za-z0-9\-.!%*_+`'~]{1,32}$/.test(method);
  if (!known || type === undefined || (entity !== 'UAS' && entity !== 'UAC')) return undefined;
  return {
    key,
    entity,
    type,
    method,
    status: statusOf(params['status']),
    phrase: text('reason'),
    headers: headersOf(text('headers')),
    body: Buffer.from(text('body'), 'utf8'),
    extra: text('extra_params'),
  };
}

/** The request of an event, as far as OpenSIPS tells of it: not its Request-URI. */
export function requestOf({ method, headers, body }: SessionEvent): SipRequest {
  return { kind: 'request', method, uri: '', headers, body };
}

/** The response of an event. */
export function responseOf({ status, phrase, headers, body }: SessionEvent): SipResponse {
  return { kind: 'response', status, phrase, headers, body };
}

function textOf(datagram: Buffer): string {
  try {
    return strictUtf8.decode(datagram);
  } catch {
    return datagram.toString('latin1');
  }
}

function statusOf(value: unknown): number {
  const status = typeof value === 'string' ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 699 ? status : 0;
}

function headersOf(text: string): SipHeaders {
  if (text === '') return new SipHeaders();
  // The reader of messages wants a start line before and an empty line behind.
  return readHead(Buffer.from(`x\r\n${text}\r\n`, 'utf8')).headers;
}

import type { SipRequest, SipResponse } from '../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../src/signaling/message/sip-parser.js';

export const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.9',
  's=-',
  'c=IN IP4 192.0.2.9',
  't=0 0',
  'm=audio 30000 RTP/AVP 0',
  '',
].join('\r\n');

export interface RequestText {
  readonly method: string;
  readonly uri?: string;
  /** Top Via without `SIP/2.0/`: transport, sent-by and parameters. */
  readonly via?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number | string;
  readonly contact?: string | null;
  /** Whole header lines. */
  readonly extra?: readonly string[];
  readonly type?: string;
  readonly body?: string;
}

let branches = 0;

/** A branch no other request has. */
export function newBranch(): string {
  branches += 1;
  return `z9hG4bK-test-${branches}`;
}

/** A request as a peer at 192.0.2.9:5070 writes it. */
export function requestText(parts: RequestText): string {
  const { method, uri = 'sip:2000@192.0.2.1', extra = [], body = '' } = parts;
  const cseq = typeof parts.cseq === 'string' ? parts.cseq : `${parts.cseq ?? 1} ${method}`;
  const contact = parts.contact === undefined ? '<sip:alice@192.0.2.9:5070>' : parts.contact;
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${parts.via ?? `UDP 192.0.2.9:5070;branch=${newBranch()};rport`}`,
    'Max-Forwards: 70',
    `From: ${parts.from ?? '"Alice" <sip:alice@192.0.2.9>;tag=alice'}`,
    `To: ${parts.to ?? '<sip:2000@192.0.2.1>'}`,
    `Call-ID: ${parts.callId ?? 'call-1@192.0.2.9'}`,
    `CSeq: ${cseq}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...extra,
    ...(body === '' ? [] : [`Content-Type: ${parts.type ?? 'application/sdp'}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export interface ResponseText {
  readonly status: number;
  readonly phrase?: string;
  /** `undefined`: none is added. */
  readonly toTag?: string;
  readonly extra?: readonly string[];
  readonly type?: string;
  readonly body?: string;
}

/** The answer of a peer to a request of ours. */
export function responseText(request: SipRequest, parts: ResponseText): string {
  const { headers } = request;
  const body = parts.body ?? '';
  const lines = [
    `SIP/2.0 ${parts.status} ${parts.phrase ?? 'Phrase'}`,
    ...headers.getAll('Via').map((via) => `Via: ${via}`),
    `From: ${headers.get('From')}`,
    `To: ${headers.get('To')}${parts.toTag === undefined ? '' : `;tag=${parts.toTag}`}`,
    `Call-ID: ${headers.get('Call-ID')}`,
    `CSeq: ${headers.get('CSeq')}`,
    ...(parts.extra ?? []),
    ...(body === '' ? [] : [`Content-Type: ${parts.type ?? 'application/sdp'}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export function parseRequest(text: string): SipRequest {
  const parsed = parseMessage(Buffer.from(text), 'udp');
  if (parsed.type !== 'message' || parsed.message.kind !== 'request') throw new Error('not a sound request');
  return parsed.message;
}

export function parseResponse(text: string): SipResponse {
  const parsed = parseMessage(Buffer.from(text), 'udp');
  if (parsed.type !== 'message' || parsed.message.kind !== 'response') throw new Error('not a sound response');
  return parsed.message;
}

/** The tag of a From or To value. */
export function tagOf(value: string | undefined): string {
  return /;tag=([^;]+)/.exec(value ?? '')?.[1] ?? '';
}

import { assertUnreachable } from '../base/assert.js';
import { ACCEPT_INFO, DTMF_RELAY_TYPE, DTMF_TYPE } from './capabilities.js';
import { parseContentType } from './message/content-type.js';
import type { HeaderField } from './message/sip-headers.js';
import type { SipRequest } from './message/sip-message.js';
import type { Refusal } from './refusal.js';

/** What an INFO means to us. */
type InfoMeaning =
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'nothing' }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/** Cisco's own default where `Duration` is missing, ms. */
const DEFAULT_DURATION_MS = 250;
/** No finger stays longer on a key, ms. */
const MAX_DURATION_MS = 10_000;

/** DTMF events 10 to 15 by number, as some gateways write them. */
const numberedDigits: ReadonlyMap<string, string> = new Map([
  ...([
    ['10', '*'],
    ['11', '#'],
    ['12', 'A'],
    ['13', 'B'],
    ['14', 'C'],
    ['15', 'D'],
  ] as const),
]);

/** Answers an INFO of the peer, and tells of the digit in it. */
export function receiveInfo(
  info: SipRequest,
  respond: (status: number, headers?: readonly HeaderField[]) => void,
  onDigit: (digit: string, durationMs: number) => void,
): void {
  const meaning = readInfo(info);
  switch (meaning.type) {
    case 'nothing':
      respond(200);
      return;
    case 'digit':
      respond(200);
      onDigit(meaning.digit, meaning.durationMs);
      return;
    case 'refused':
      respond(meaning.refusal.status, meaning.refusal.headers);
      return;
    default:
      assertUnreachable(meaning);
  }
}

/**
 * Reads an INFO (RFC 6086 section 9, legacy use): `application/dtmf-relay` with `Signal=5` and `Duration=160` lines,
 * or `application/dtmf` with the digit alone. A signal that is no digit (hook flash) means nothing. Other bodies are
 * refused with 415, an unreadable one with 400; an Info Package, of which we have asked for none, with 469 (section
 * 4.2.2), but where its body is a digit all the same: some gateways name a package of their own.
 */
function readInfo(request: SipRequest): InfoMeaning {
  const mediaType = parseContentType(request.headers.get('Content-Type') ?? '')?.mediaType;
  const isKey = request.body.length > 0 && (mediaType === DTMF_RELAY_TYPE || mediaType === DTMF_TYPE);
  if (!isKey && request.headers.get('Info-Package') !== undefined) {
    return { type: 'refused', refusal: { status: 469, headers: [['Recv-Info', 'nil']] } };
  }
  if (request.body.length === 0) return { type: 'nothing' };
  if (!isKey) {
    return { type: 'refused', refusal: { status: 415, headers: [['Accept', ACCEPT_INFO]] } };
  }
  // Either form fits into a few dozen bytes; what comes after is not looked at.
  const text = request.body.toString('latin1', 0, 256);
  const lines = text.split('\n');
  const signal =
    mediaType === DTMF_TYPE && !/signal/i.test(text) ? (lines[0] ?? '').trim() : lineValue(lines, 'signal');
  if (signal === undefined || signal === '') return { type: 'refused', refusal: { status: 400, headers: [] } };
  const digit = numberedDigits.get(signal) ?? signal.toUpperCase();
  if (!/^[0-9*#A-D]$/.test(digit)) return { type: 'nothing' };
  const durationMs = Number.parseInt(lineValue(lines, 'duration') ?? '', 10);
  return {
    type: 'digit',
    digit,
    durationMs: durationMs > 0 ? Math.min(durationMs, MAX_DURATION_MS) : DEFAULT_DURATION_MS,
  };
}

/** The value of the `name=value` line of that name. */
function lineValue(lines: readonly string[], name: string): string | undefined {
  for (const line of lines) {
    const equals = line.indexOf('=');
    if (equals > 0 && line.slice(0, equals).trim().toLowerCase() === name) return line.slice(equals + 1).trim();
  }
  return undefined;
}

import { parseDecimal, TextCursor } from './lexical.js';
import type { SipMessage } from './sip-message.js';

/** RFC 3261 section 8.1.1.5: less than 2^31. */
export const MAX_CSEQ = 2 ** 31 - 1;

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** Reads `number method`; `undefined` when malformed or the number exceeds {@link MAX_CSEQ}. */
export function parseCSeq(text: string): CSeq | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  const number = parseDecimal(cursor.takeToken(), MAX_CSEQ);
  cursor.skipBlanks();
  const method = cursor.takeToken();
  cursor.skipBlanks();
  return number === undefined || method === '' || !cursor.atEnd ? undefined : { number, method };
}

export function serializeCSeq({ number, method }: CSeq): string {
  return `${number} ${method}`;
}

/** The number in CSeq; `undefined` when malformed. */
export function cseqNumber({ headers }: Pick<SipMessage, 'headers'>): number | undefined {
  return parseCSeq(headers.get('CSeq') ?? '')?.number;
}

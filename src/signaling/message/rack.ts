import { MAX_CSEQ } from './cseq.js';
import { parseDecimal, TextCursor } from './lexical.js';

/** RFC 3262 section 7.1: a response number has 32 bits. */
const MAX_RSEQ = 2 ** 32 - 1;

/** Which provisional response a PRACK acknowledges. */
export interface RAck {
  readonly rseq: number;
  /** CSeq number of the request the response belongs to. */
  readonly cseq: number;
  readonly method: string;
}

/** Reads `response-num CSeq-num Method` (RFC 3262 section 7.2); `undefined` when malformed. */
export function parseRAck(text: string): RAck | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  const rseq = parseDecimal(cursor.takeToken(), MAX_RSEQ);
  cursor.skipBlanks();
  const cseq = parseDecimal(cursor.takeToken(), MAX_CSEQ);
  cursor.skipBlanks();
  const method = cursor.takeToken();
  cursor.skipBlanks();
  if (rseq === undefined || cseq === undefined || method === '' || !cursor.atEnd) return undefined;
  return { rseq, cseq, method };
}

export function serializeRAck({ rseq, cseq, method }: RAck): string {
  return `${rseq} ${cseq} ${method}`;
}

/** Reads RSeq (RFC 3262 section 7.1); `undefined` when malformed or 0. */
export function parseRSeq(text: string): number | undefined {
  const rseq = parseDecimal(text, MAX_RSEQ);
  return rseq === 0 ? undefined : rseq;
}

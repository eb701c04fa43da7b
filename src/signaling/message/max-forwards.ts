import { parseDecimal } from './lexical.js';

/** What a request of ours starts with (RFC 3261 section 8.1.1.6). */
export const INITIAL_MAX_FORWARDS = 70;

/** 0 to 255 (RFC 3261 section 20.22), or `undefined` when malformed. */
export function parseMaxForwards(text: string): number | undefined {
  return parseDecimal(text, 255);
}

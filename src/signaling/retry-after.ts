import type { Random } from '../base/random.js';
import type { HeaderField } from './message/sip-headers.js';

/** RFC 3261 section 14.2, RFC 3311 section 5.2: a second offer is put off for a random time up to this, s. */
const MAX_RETRY_SECONDS = 10;

/** Seconds out of a Retry-After (RFC 3261 section 20.33); `undefined` when it is absent, malformed or 0. */
export function retryAfterSeconds(value: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,10})/.exec(value ?? '')?.[1];
  const seconds = digits === undefined ? 0 : Number(digits);
  return seconds > 0 ? seconds : undefined;
}

export function retryAfterField(seconds: number): HeaderField {
  return ['Retry-After', String(seconds)];
}

/** For the 500 that puts an offer off. */
export function retryAfterSoon(random: Random): HeaderField {
  return retryAfterField(random.integer(MAX_RETRY_SECONDS + 1));
}

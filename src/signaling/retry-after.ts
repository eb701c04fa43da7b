/** Seconds out of a Retry-After (RFC 3261 section 20.33); `undefined` when it is absent, malformed or 0. */
export function retryAfterSeconds(value: string | undefined): number | undefined {
  const digits = /^\s*(\d{1,10})/.exec(value ?? '')?.[1];
  const seconds = digits === undefined ? 0 : Number(digits);
  return seconds > 0 ? seconds : undefined;
}

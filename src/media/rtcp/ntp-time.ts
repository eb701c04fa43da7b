/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800;
const FRACTIONS = 2 ** 32;
/** Units of the middle 32 bits, per ms. */
const UNITS_PER_MS = 65_536 / 1000;

/**
 * A moment as RTCP writes it (RFC 3550 section 4): seconds since 1900 and 2^-32 parts of one, 32 bits each.
 * @param unixMs milliseconds since 1970, with a fraction
 */
export function ntpOf(unixMs: number): { readonly seconds: number; readonly fraction: number } {
  const wholeSeconds = Math.floor(unixMs / 1000);
  return {
    seconds: (wholeSeconds + NTP_EPOCH_SECONDS) >>> 0,
    fraction: Math.floor(((unixMs - wholeSeconds * 1000) / 1000) * FRACTIONS) >>> 0,
  };
}

/** The middle 32 bits: 1/65,536 s, wrapping every 18 hours. */
export function middleOfNtp({ seconds, fraction }: { readonly seconds: number; readonly fraction: number }): number {
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}

/** Milliseconds in units of the middle 32 bits, as DLSR has them; at most what they hold. */
export function ntpUnits(ms: number): number {
  return Math.min(Math.round(ms * UNITS_PER_MS), 0xffff_ffff);
}

/** The other way. @param units may be negative: 32 bits with a sign */
export function msOfNtpUnits(units: number): number {
  return units / UNITS_PER_MS;
}

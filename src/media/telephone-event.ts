/**
 * The payload of a telephone event, RFC 4733 section 2.3:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |     event     |E|R| volume    |          duration             |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const TELEPHONE_EVENT_BYTES = 4;

/** DTMF digits by event code 0 to 15 (RFC 4733 section 3.2). */
export const DTMF_DIGITS = '0123456789*#ABCD';

/** Timestamp units a millisecond of `telephone-event/8000`; with Opus it is 48: the clock is that of the audio (section 2.1). */
export const EVENT_UNITS_PER_MS = 8;

/** The duration field's largest value; a longer event goes on in another segment (section 2.5.1.3). */
export const MAX_SEGMENT_UNITS = 0xffff;

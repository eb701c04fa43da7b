import { phoneCodings } from '../codecs/phone-codec.js';
import type { StreamParameters } from '../engine.js';

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

/** Units a millisecond of `telephone-event/8000`; with Opus it is 48 where the peer has that too. */
export const EVENT_UNITS_PER_MS = 8;

/** The duration field's largest value; a longer event goes on in another segment (section 2.5.1.3). */
export const MAX_SEGMENT_UNITS = 0xffff;

/** `telephone-event` as negotiated. */
export interface EventFormat {
  readonly payloadType: number;
  /** Of durations. Timestamps are those of the audio, which goes on behind the event in the same stream. */
  readonly unitsPerMs: number;
}

/** `undefined` where no events were negotiated. */
export function eventFormat({ codec, dtmfClockHz, dtmfPayloadType }: StreamParameters): EventFormat | undefined {
  if (dtmfPayloadType === undefined) return undefined;
  const unitsPerMs = dtmfClockHz === undefined ? phoneCodings[codec.name].ticksPerMs : dtmfClockHz / 1000;
  return { payloadType: dtmfPayloadType, unitsPerMs };
}

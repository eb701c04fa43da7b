import { type OpusParameters, readOpusParameters } from './sdp-opus.js';
import type { ParsedMedia, RtpMap } from './sdp-parse.js';

/** A codec of the phone leg, by the name the configuration uses. */
export type AudioCodec = 'pcmu' | 'pcma' | 'g722' | 'opus';

/** A codec with the RTP payload type it has in one description. */
export interface CodecMapping {
  readonly name: AudioCodec;
  readonly payloadType: number;
  /** Of Opus: what the writer of the description wants to get. */
  readonly opus?: OpusParameters;
}

/** RFC 4733 events with the number and the event list of one description. */
export interface TelephoneEvent {
  readonly payloadType: number;
  /** Of the audio it stands beside (RFC 4733 section 2.1), or 8000. */
  readonly clockHz: number;
  /** What both sides know of events 0 to 15, as an `a=fmtp` list. Never empty. */
  readonly events: string;
}

/** What a codec is called in SDP. */
export interface CodecFormat {
  /** As written; reading ignores case. */
  readonly encoding: string;
  readonly clockHz: number;
  readonly channels: 1 | 2;
  /** The number our offers give it first. */
  readonly payloadType: number;
  /** The number needs no `a=rtpmap` (RFC 3551 section 6). */
  readonly isStatic: boolean;
}

/**
 * G.722 has a clock of 8000 Hz, by a mistake of RFC 1890 that RFC 3551 section 4.5.2 keeps; Opus is always written
 * with 48,000 Hz and two channels (RFC 7587 section 7), whatever is in the packets.
 */
export const codecFormats: Readonly<Record<AudioCodec, CodecFormat>> = {
  pcmu: { encoding: 'PCMU', clockHz: 8000, channels: 1, payloadType: 0, isStatic: true },
  pcma: { encoding: 'PCMA', clockHz: 8000, channels: 1, payloadType: 8, isStatic: true },
  g722: { encoding: 'G722', clockHz: 8000, channels: 1, payloadType: 9, isStatic: true },
  opus: { encoding: 'opus', clockHz: 48_000, channels: 2, payloadType: 111, isStatic: false },
};

/** The first dynamic number tried for `telephone-event/8000`: what most of the field uses. */
export const TELEPHONE_EVENT_PAYLOAD_TYPE = 101;

/** The clock of events that every phone has, Hz. */
export const TELEPHONE_EVENT_HZ = 8000;

/** Digits, star, hash and A to D (RFC 4733 section 3.2). */
export const TELEPHONE_EVENTS = '0-15';

/** RFC 3389 comfort noise (RFC 3551 table 4): for codecs with a clock of 8000 Hz. */
export const COMFORT_NOISE_PAYLOAD_TYPE = 13;
const COMFORT_NOISE_HZ = 8000;

const HIGHEST_EVENT = 15;

/** The formats of `media` that are one of `codecs`, in the order of the m= line: the writer's preference (RFC 3264 section 5.1). */
export function commonCodecs(media: ParsedMedia, codecs: readonly AudioCodec[]): readonly CodecMapping[] {
  return payloadTypes(media).flatMap((payloadType): readonly CodecMapping[] => {
    const name = codecs.find((candidate) => isCodec(candidate, payloadType, media.rtpMaps.get(payloadType)));
    if (name === 'opus')
      return [{ name, payloadType, opus: readOpusParameters(media.formatParameters.get(payloadType)) }];
    return name ? [{ name, payloadType }] : [];
  });
}

/**
 * `telephone-event` at the clock of `codec`, if it is there with at least one event of 0 to 15. Otherwise that of 8000 Hz:
 * many phones have no other, beside Opus too, whatever RFC 4733 section 2.1 says of one clock for a stream.
 */
export function selectTelephoneEvent(media: ParsedMedia, codec: AudioCodec): TelephoneEvent | undefined {
  const { clockHz } = codecFormats[codec];
  const own = eventAt(media, clockHz);
  return own ?? (clockHz === TELEPHONE_EVENT_HZ ? undefined : eventAt(media, TELEPHONE_EVENT_HZ));
}

function eventAt(media: ParsedMedia, clockHz: number): TelephoneEvent | undefined {
  for (const payloadType of payloadTypes(media)) {
    const map = media.rtpMaps.get(payloadType);
    if (map?.encoding !== 'telephone-event' || map.clockHz !== clockHz || map.channels !== 1) continue;
    const events = knownEvents(media.formatParameters.get(payloadType));
    if (events !== '') return { payloadType, clockHz, events };
  }
  return undefined;
}

/** Whether `media` has comfort noise that goes with `codec`. */
export function hasComfortNoise(media: ParsedMedia, codec: AudioCodec): boolean {
  if (codecFormats[codec].clockHz !== COMFORT_NOISE_HZ) return false;
  const map = media.rtpMaps.get(COMFORT_NOISE_PAYLOAD_TYPE);
  const isNoise =
    map === undefined || (map.encoding === 'cn' && (map.clockHz ?? COMFORT_NOISE_HZ) === COMFORT_NOISE_HZ);
  return isNoise && payloadTypes(media).includes(COMFORT_NOISE_PAYLOAD_TYPE);
}

function payloadTypes(media: ParsedMedia): number[] {
  return media.formats.filter((format) => /^\d{1,3}$/.test(format) && Number(format) <= 127).map(Number);
}

function isCodec(codec: AudioCodec, payloadType: number, map: RtpMap | undefined): boolean {
  const format = codecFormats[codec];
  const isStatic = format.isStatic && format.payloadType === payloadType;
  if (!map) return isStatic;
  const clockHz = map.clockHz ?? (isStatic ? format.clockHz : undefined);
  return (
    map.encoding === format.encoding.toLowerCase() && clockHz === format.clockHz && map.channels === format.channels
  );
}

/**
 * Intersects the event list of RFC 4733 section 2.4.1 (`0-11,16`, ranges and single numbers) with events 0 to 15; empty
 * when they share none. No list, or one that cannot be read, means 0 to 15, as the RFC says of the former.
 */
function knownEvents(list: string | undefined): string {
  if (list === undefined) return TELEPHONE_EVENTS;
  const known = new Set<number>();
  for (const item of list.split(',')) {
    const range = /^ ?(\d{1,3})(?:-(\d{1,3}))? ?$/.exec(item);
    if (!range) return TELEPHONE_EVENTS;
    const last = Math.min(Number(range[2] ?? range[1]), HIGHEST_EVENT);
    for (let event = Number(range[1]); event <= last; event += 1) known.add(event);
  }
  return writeRanges(known);
}

function writeRanges(events: ReadonlySet<number>): string {
  const ranges: string[] = [];
  for (let first = 0; first <= HIGHEST_EVENT; first += 1) {
    if (!events.has(first)) continue;
    let last = first;
    while (events.has(last + 1)) last += 1;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
    first = last;
  }
  return ranges.join(',');
}

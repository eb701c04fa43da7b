import type { ParsedMedia, RtpMap } from './sdp-parse.js';

/** A codec of the phone leg, by the name the configuration uses. */
export type AudioCodec = 'pcmu' | 'pcma';

/** A codec with the RTP payload type it has in one description. */
export interface CodecMapping {
  readonly name: AudioCodec;
  readonly payloadType: number;
}

/** RFC 4733 events with the number and the event list of one description. */
export interface TelephoneEvent {
  readonly payloadType: number;
  /** What both sides know of events 0 to 15, as an `a=fmtp` list. Never empty. */
  readonly events: string;
}

/** RFC 3551 section 6: numbers that need no `a=rtpmap`. */
export const staticPayloadTypes = { pcmu: 0, pcma: 8 } as const satisfies Record<AudioCodec, number>;

/** Encoding names as written; reading ignores case. */
export const encodingNames = { pcmu: 'PCMU', pcma: 'PCMA' } as const satisfies Record<AudioCodec, string>;

/** The first dynamic number tried for `telephone-event`: what most of the field uses. */
export const TELEPHONE_EVENT_PAYLOAD_TYPE = 101;

/** Digits, star, hash and A to D (RFC 4733 section 3.2). */
export const TELEPHONE_EVENTS = '0-15';

const CLOCK_HZ = 8000;
const HIGHEST_EVENT = 15;

/**
 * The first format of `media` that is one of `codecs`, in the order of the m= line: the writer's preference (RFC 3264
 * section 5.1).
 */
export function selectCodec(media: ParsedMedia, codecs: readonly AudioCodec[]): CodecMapping | undefined {
  for (const payloadType of payloadTypes(media)) {
    const name = codecs.find((candidate) => isCodec(candidate, payloadType, media.rtpMaps.get(payloadType)));
    if (name) return { name, payloadType };
  }
  return undefined;
}

/** `telephone-event` at the audio's own clock, 8000 Hz, if it is there with at least one event of 0 to 15. */
export function selectTelephoneEvent(media: ParsedMedia): TelephoneEvent | undefined {
  for (const payloadType of payloadTypes(media)) {
    const map = media.rtpMaps.get(payloadType);
    if (map?.encoding !== 'telephone-event' || map.clockHz !== CLOCK_HZ || map.channels !== 1) continue;
    const events = knownEvents(media.formatParameters.get(payloadType));
    if (events !== '') return { payloadType, events };
  }
  return undefined;
}

function payloadTypes(media: ParsedMedia): number[] {
  return media.formats.filter((format) => /^\d{1,3}$/.test(format) && Number(format) <= 127).map(Number);
}

function isCodec(codec: AudioCodec, payloadType: number, map: RtpMap | undefined): boolean {
  const isStatic = staticPayloadTypes[codec] === payloadType;
  if (!map) return isStatic;
  const clockHz = map.clockHz ?? (isStatic ? CLOCK_HZ : undefined);
  return map.encoding === codec && clockHz === CLOCK_HZ && map.channels === 1;
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

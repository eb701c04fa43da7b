import { type AudioCodec, codecFormats, TELEPHONE_EVENT_HZ, TELEPHONE_EVENT_PAYLOAD_TYPE } from './sdp-formats.js';

/** Payload types of one dialog, by format. */
export type PayloadTypes = Readonly<Partial<Record<AudioCodec | EventFormat, number>>>;

/** `telephone-event` by its clock, Hz. */
type EventFormat = `telephone-event/${number}`;

/** The usual numbers, 101 and on for events, unless the dialog has used other numbers or given these away. */
export function assignPayloadTypes(codecs: readonly AudioCodec[], inUse: PayloadTypes): PayloadTypes {
  const taken = new Set(Object.values(inUse));
  const assigned: Partial<Record<AudioCodec | EventFormat, number>> = { ...inUse };
  const assign = (format: AudioCodec | EventFormat, preferred: number): void => {
    if (assigned[format] !== undefined) return;
    let payloadType = preferred;
    while (taken.has(payloadType)) payloadType = payloadType >= 127 || payloadType < 96 ? 96 : payloadType + 1;
    taken.add(payloadType);
    assigned[format] = payloadType;
  };
  for (const codec of codecs) assign(codec, codecFormats[codec].payloadType);
  for (const clockHz of clocksOf(codecs)) assign(`telephone-event/${clockHz}`, TELEPHONE_EVENT_PAYLOAD_TYPE);
  return assigned;
}

/**
 * Numbers of a dialog after an answer of ours. Where a proxy has put another in the peer's place, a number may have got a second
 * meaning: it has that one, and what had it before has none any more.
 */
export function learnPayloadTypes(inUse: PayloadTypes, answered: PayloadTypes): PayloadTypes {
  const given = new Set(Object.values(answered));
  const kept = Object.entries(inUse).filter(([, payloadType]) => !given.has(payloadType));
  return { ...Object.fromEntries(kept), ...answered };
}

/** Clocks of events: 8000 Hz and those of the codecs, each once, the lower first: it keeps the number that everybody knows. */
export function clocksOf(codecs: readonly AudioCodec[]): readonly number[] {
  return [...new Set([TELEPHONE_EVENT_HZ, ...codecs.map((codec) => codecFormats[codec].clockHz)])].sort(
    (one, other) => one - other,
  );
}

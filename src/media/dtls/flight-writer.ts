import type { FlightPart } from './flight.js';
import { HANDSHAKE_HEADER_BYTES, writeFragments } from './handshake-message.js';
import { contentType, RECORD_HEADER_BYTES } from './record.js';
import type { RecordLayer } from './record-layer.js';
import { PROTECTION_BYTES } from './record-protection.js';

/** Of a datagram, without IP and UDP: passes where IPv6 must pass (1280 bytes), a tunnel or two included. */
const MAX_DATAGRAM_BYTES = 1_200;

/** The datagrams of a flight. Each time it is sent its records have new numbers (RFC 6347 section 4.2.4). */
export function writeFlight(
  parts: readonly FlightPart[],
  layer: Pick<RecordLayer, 'write'>,
  maxBytes = MAX_DATAGRAM_BYTES,
): readonly Uint8Array[] {
  const maxFragment = maxBytes - RECORD_HEADER_BYTES - PROTECTION_BYTES - HANDSHAKE_HEADER_BYTES;
  const records = parts.flatMap((part) =>
    part === 'change-cipher-spec'
      ? [layer.write(0, contentType.changeCipherSpec, Uint8Array.of(1))]
      : writeFragments(part.message, maxFragment).map((fragment) =>
          layer.write(part.epoch, contentType.handshake, fragment),
        ),
  );
  const datagrams: Uint8Array[][] = [];
  let room = 0;
  for (const record of records) {
    if (record.length > room) {
      datagrams.push([]);
      room = maxBytes;
    }
    datagrams.at(-1)?.push(record);
    room -= record.length;
  }
  return datagrams.map((some) => Buffer.concat(some));
}

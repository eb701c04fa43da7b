import { addressBytes } from '../../base/ip-text.js';
import type { IpEndpoint } from '../ip-literal.js';

/** One SIP message, as it went over a wire. */
export interface CapturedMessage {
  readonly source: IpEndpoint;
  readonly destination: IpEndpoint;
  readonly transport: 'udp' | 'tcp';
  readonly message: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly wallTimeMs: number;
}

/** Who captured it. */
export interface CaptureAgent {
  /** Capture agent ID, 32 bits. */
  readonly id: number;
  /** Authentication key; absent: none is sent. */
  readonly password?: string | undefined;
}

const HEADER_BYTES = 6;
const CHUNK_HEADER_BYTES = 6;
/** Of chunks that everybody knows. */
const GENERIC_VENDOR = 0;
const CHUNK = {
  family: 1,
  protocol: 2,
  source4: 3,
  destination4: 4,
  source6: 5,
  destination6: 6,
  sourcePort: 7,
  destinationPort: 8,
  seconds: 9,
  microseconds: 10,
  payloadType: 11,
  agent: 12,
  password: 14,
  payload: 15,
} as const;
const SIP = 1;
/** Address families and IP protocols by the numbers that Linux and IANA have for them. */
const FAMILY = { 4: 2, 16: 10 } as const;
const PROTOCOL = { tcp: 6, udp: 17 } as const;
/** What the length of a packet, and a datagram, can say. */
const MAX_BYTES = 65_507;

/**
 * A HEP3 packet (Homer Encapsulation Protocol, version 3: "HEP3 Network Protocol Specification", sipcapture.org). `undefined` where
 * the message is too long for one.
 */
export function hepPacket(captured: CapturedMessage, agent: CaptureAgent): Buffer | undefined {
  const { source, destination, transport, message, wallTimeMs } = captured;
  const [from, to] = [addressBytes(source.address), addressBytes(destination.address)];
  if (from.length !== to.length) return undefined;
  const isV4 = from.length === 4;
  const chunks = [
    chunk(CHUNK.family, number(1, FAMILY[isV4 ? 4 : 16])),
    chunk(CHUNK.protocol, number(1, PROTOCOL[transport])),
    chunk(isV4 ? CHUNK.source4 : CHUNK.source6, from),
    chunk(isV4 ? CHUNK.destination4 : CHUNK.destination6, to),
    chunk(CHUNK.sourcePort, number(2, source.port)),
    chunk(CHUNK.destinationPort, number(2, destination.port)),
    chunk(CHUNK.seconds, number(4, Math.floor(wallTimeMs / 1000))),
    chunk(CHUNK.microseconds, number(4, Math.floor((wallTimeMs % 1000) * 1000))),
    chunk(CHUNK.payloadType, number(1, SIP)),
    chunk(CHUNK.agent, number(4, agent.id)),
    ...(agent.password === undefined ? [] : [chunk(CHUNK.password, Buffer.from(agent.password))]),
    chunk(CHUNK.payload, message),
  ];
  const bytes = chunks.reduce((sum, { length }) => sum + length, HEADER_BYTES);
  if (bytes > MAX_BYTES) return undefined;
  const header = Buffer.from('HEP3\0\0');
  header.writeUInt16BE(bytes, 4);
  return Buffer.concat([header, ...chunks], bytes);
}

function number(bytes: 1 | 2 | 4, value: number): Buffer {
  const written = Buffer.alloc(bytes);
  written.writeUIntBE(value, 0, bytes);
  return written;
}

function chunk(type: number, value: Uint8Array): Buffer {
  const written = Buffer.alloc(CHUNK_HEADER_BYTES + value.length);
  written.writeUInt16BE(GENERIC_VENDOR, 0);
  written.writeUInt16BE(type, 2);
  // Nothing longer is sent.
  written.writeUInt16BE(Math.min(written.length, 0xffff), 4);
  written.set(value, CHUNK_HEADER_BYTES);
  return written;
}

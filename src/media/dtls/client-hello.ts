import { type AlertName, HandshakeFault } from './handshake-fault.js';
import { handshakeType, parseFragments } from './handshake-message.js';
import { OctetReader } from './octet-reader.js';
import { contentType, DTLS_1_2, parseRecords } from './record.js';
import { ECDSA_SHA256 } from './signature-scheme.js';

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5289): the one that RFC 8827 section 6.5 makes everybody have. */
export const CIPHER_SUITE = 0xc02b;
/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3). */
const RENEGOTIATION_SCSV = 0x00ff;
const NO_COMPRESSION = 0;
const UNCOMPRESSED_POINTS = 0;
/** A browser offers some twenty. */
const MAX_EXTENSIONS = 64;

/** Extension numbers. */
export const extensionType = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  supportedVersions: 43,
  renegotiationInfo: 0xff01,
} as const;

/** What we need of a ClientHello that we can answer. */
export interface ClientHello {
  readonly random: Uint8Array;
  /** In the peer's order; `undefined`: it did not say. */
  readonly groups: readonly number[] | undefined;
  readonly srtpProfiles: readonly number[];
  readonly knowsPointFormats: boolean;
  readonly knowsRenegotiationInfo: boolean;
}

/** Of what begins a ClientHello: version and random, bytes. */
const VERSION_BYTES = 2;
const RANDOM_BYTES = 32;

/** The random of the ClientHello that begins in a datagram, in the clear: what tells it from another. @param datagram borrowed */
export function randomOfHello(datagram: Uint8Array): Uint8Array | undefined {
  for (const { type, epoch, payload } of parseRecords(datagram)) {
    if (type !== contentType.handshake || epoch !== 0) continue;
    for (const { type: message, sequence, offset, body } of parseFragments(payload)) {
      if (message !== handshakeType.clientHello || sequence > 0 || offset > 0) continue;
      if (body.length >= VERSION_BYTES + RANDOM_BYTES) return body.slice(VERSION_BYTES, VERSION_BYTES + RANDOM_BYTES);
    }
  }
  return undefined;
}

/**
 * Reads a ClientHello (RFC 5246 section 7.4.1.2, RFC 6347 section 4.2.1), which may offer newer versions as well. Throws
 * {@link HandshakeFault} where it does not let us do what we must.
 */
export function parseClientHello(body: Uint8Array): ClientHello {
  const reader = new OctetReader(body);
  const version = reader.uint16();
  const random = Uint8Array.from(reader.bytes(32));
  must(reader.vector(1).length <= 32, 'decode_error', 'a session id of more than 32 bytes');
  reader.vector(1); // The cookie: none was given out.
  const suites = reader.uint16s(2);
  const compressions = reader.vector(1);
  const extensions = parseExtensions(reader);
  const versions = extensions.get(extensionType.supportedVersions);
  // Later versions have lower numbers.
  const hasVersion = versions === undefined ? version <= DTLS_1_2 : wholly(versions).uint16s(1).includes(DTLS_1_2);
  must(hasVersion, 'protocol_version', 'the peer does not offer DTLS 1.2');
  must(suites.includes(CIPHER_SUITE), 'handshake_failure', 'the peer does not offer ECDHE-ECDSA-AES128-GCM-SHA256');
  must(compressions.includes(NO_COMPRESSION), 'illegal_parameter', 'the peer does not offer to leave out compression');
  const pointFormats = extensions.get(extensionType.pointFormats);
  const takesPoints = pointFormats === undefined || wholly(pointFormats).vector(1).includes(UNCOMPRESSED_POINTS);
  must(takesPoints, 'illegal_parameter', 'the peer does not take uncompressed points');
  const signatures = extensions.get(extensionType.signatureAlgorithms);
  const takesSignature = signatures !== undefined && wholly(signatures).uint16s(2).includes(ECDSA_SHA256);
  must(takesSignature, 'handshake_failure', 'the peer does not take ECDSA with SHA-256');
  // RFC 7627 section 5.3: without it the keys might be those of another association. All browsers have it.
  const extended = extensions.get(extensionType.extendedMasterSecret);
  must(extended !== undefined, 'handshake_failure', 'the peer has no extended master secret');
  must(extended.length === 0, 'decode_error', 'extended_master_secret has content');
  const groups = extensions.get(extensionType.supportedGroups);
  return {
    random,
    groups: groups && wholly(groups).uint16s(2),
    srtpProfiles: parseProfiles(extensions.get(extensionType.useSrtp)),
    knowsPointFormats: pointFormats !== undefined,
    knowsRenegotiationInfo:
      knowsRenegotiation(extensions.get(extensionType.renegotiationInfo)) || suites.includes(RENEGOTIATION_SCSV),
  };
}

function parseExtensions(reader: OctetReader): ReadonlyMap<number, Uint8Array> {
  const extensions = new Map<number, Uint8Array>();
  if (reader.isAtEnd) return extensions;
  const list = new OctetReader(reader.vector(2));
  reader.end();
  while (!list.isAtEnd) {
    const type = list.uint16();
    must(!extensions.has(type), 'illegal_parameter', `extension ${type} comes twice`);
    must(extensions.size < MAX_EXTENSIONS, 'decode_error', 'too many extensions');
    extensions.set(type, list.vector(2));
  }
  return extensions;
}

/** RFC 5764 section 4.1.1. The MKI that the peer wishes is not used, which is for us to say. */
function parseProfiles(extension: Uint8Array | undefined): readonly number[] {
  must(extension !== undefined, 'handshake_failure', 'the peer does not offer use_srtp');
  const reader = new OctetReader(extension);
  const profiles = reader.uint16s(2);
  reader.vector(1);
  reader.end();
  return profiles;
}

/** RFC 5746 section 3.6: in a first handshake it is empty. */
function knowsRenegotiation(extension: Uint8Array | undefined): boolean {
  if (extension === undefined) return false;
  must(wholly(extension).vector(1).length === 0, 'handshake_failure', 'renegotiation_info is not empty');
  return true;
}

/** A reader of an extension that is one vector and nothing else. */
function wholly(extension: Uint8Array): Pick<OctetReader, 'vector' | 'uint16s'> {
  const reader = new OctetReader(extension);
  const thenEnd = <T>(value: T): T => {
    reader.end();
    return value;
  };
  return {
    vector: (lengthBytes) => thenEnd(reader.vector(lengthBytes)),
    uint16s: (lengthBytes) => thenEnd(reader.uint16s(lengthBytes)),
  };
}

function must(holds: boolean, alert: AlertName, message: string): asserts holds {
  if (!holds) throw new HandshakeFault(alert, message);
}

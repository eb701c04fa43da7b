import {
  createECDH,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { bitString, integer, objectIdentifier, sequence, set, time } from '../../src/media/dtls/der.js';
import type { FlightPart } from '../../src/media/dtls/flight.js';
import { writeFlight } from '../../src/media/dtls/flight-writer.js';
import { type HandshakeMessage, parseFragments, writeWhole } from '../../src/media/dtls/handshake-message.js';
import {
  exportKeyingMaterial,
  extendedMasterSecret,
  recordKeys,
  verifyData,
} from '../../src/media/dtls/key-schedule.js';
import { OctetReader } from '../../src/media/dtls/octet-reader.js';
import { uint16, vector } from '../../src/media/dtls/octets-out.js';
import { Reassembly } from '../../src/media/dtls/reassembly.js';
import { parseRecords } from '../../src/media/dtls/record.js';
import { RecordLayer } from '../../src/media/dtls/record-layer.js';
import type { DtlsFingerprint } from '../../src/media/engine.js';

/** A certificate, and how its owner signs. */
export interface DtlsCredentials {
  readonly certificate: Uint8Array;
  readonly fingerprint: DtlsFingerprint;
  readonly scheme: number;
  sign(data: Uint8Array): Uint8Array;
}

/**
 * Of a key of whatever kind. What signs the certificate itself is rubbish: nobody asks.
 * @param options of `sign`
 */
export function credentialsOf(
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  scheme = 0x0403,
  options: object = { dsaEncoding: 'der' },
): DtlsCredentials {
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  const certificate = sequence(
    sequence(
      integer(randomBytes(8)),
      algorithm,
      sequence(set()),
      sequence(time(0), time(2 ** 40)),
      sequence(set()),
      publicKey.export({ format: 'der', type: 'spki' }),
    ),
    algorithm,
    bitString(randomBytes(64)),
  );
  return {
    certificate,
    fingerprint: { hash: 'sha-256', value: createHash('sha256').update(certificate).digest() },
    scheme,
    sign: (data) => sign(scheme === 0x0503 ? 'sha384' : 'sha256', data, { key: privateKey, ...options }),
  };
}

export function p256Credentials(): DtlsCredentials {
  return credentialsOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
}

export interface DtlsClientOptions {
  readonly credentials: DtlsCredentials;
  readonly profiles?: readonly number[];
  readonly groups?: readonly number[];
  /** Of a datagram, bytes. */
  readonly maxBytes?: number;
  /** What it changes of its messages before they go out: bodies by handshake type, `undefined` leaves one out. */
  readonly change?: (type: number, body: Uint8Array) => Uint8Array | undefined;
  /** What is other in its ClientHello. */
  readonly hello?: Partial<HelloFields>;
}

interface HelloFields {
  readonly version: number;
  readonly suites: readonly number[];
  readonly compressions: Uint8Array;
  /** By number; those of the default that it names are replaced, `undefined` leaves one out. */
  readonly extensions: Readonly<Record<number, Uint8Array | undefined>>;
}

/** A DTLS 1.2 client as browsers are one, with no more than the tests need; it can lie. Shares records and key schedule with the server. */
export class DtlsClient {
  readonly layer = new RecordLayer();
  /** Of the server's messages: body by type. */
  readonly heard = new Map<number, Uint8Array>();
  /** Alerts: level and description. */
  readonly alerts: (readonly [level: number, description: number])[] = [];
  /** Everything of it was checked. */
  established = false;
  master: Uint8Array = Buffer.alloc(48);
  readonly random = randomBytes(32);
  readonly #options: DtlsClientOptions;
  readonly #send: (datagram: Uint8Array) => void;
  readonly #reassembly = new Reassembly();
  readonly #transcript: Uint8Array[] = [];
  #flight: readonly FlightPart[] = [];
  #sent = 0;
  #serverRandom = Buffer.alloc(32);

  constructor(options: DtlsClientOptions, send: (datagram: Uint8Array) => void) {
    this.#options = options;
    this.#send = send;
  }

  start(): void {
    this.#sendFlight([this.#message(1, this.#hello())]);
  }

  /** Sends the last flight again. */
  repeat(): void {
    if (this.#flight.length > 0) this.#sendFlight(this.#flight);
  }

  /** Sends a record of whatever content. */
  sendRecord(epoch: 0 | 1, type: number, payload: Uint8Array): void {
    this.#send(this.layer.write(epoch, type, payload));
  }

  receive(datagram: Uint8Array): void {
    for (const record of parseRecords(datagram)) {
      const payload = this.layer.open(record);
      if (payload === undefined) continue;
      if (record.type === 21) this.alerts.push([payload[0] as number, payload[1] as number]);
      if (record.type !== 22) continue;
      for (const fragment of parseFragments(payload)) this.#reassembly.add(record.epoch, fragment);
    }
    for (;;) {
      const message = this.#reassembly.take(this.heard.has(14) ? 1 : 0);
      if (message === undefined) return;
      this.#hear(message);
    }
  }

  /** RFC 5764 section 4.2, as openssl's `-keymatexport` has it. */
  keyingMaterial(bytes: number): Uint8Array {
    const randoms = { client: this.random, server: this.#serverRandom };
    return exportKeyingMaterial(this.master, 'EXTRACTOR-dtls_srtp', randoms, bytes);
  }

  #hear(message: HandshakeMessage): void {
    const before = this.#hash();
    this.heard.set(message.type, message.body);
    this.#transcript.push(writeWhole(message));
    if (message.type === 2) this.#serverRandom = Buffer.from(message.body.subarray(2, 34));
    if (message.type === 14) this.#answer();
    if (message.type === 20) {
      this.established = Buffer.from(message.body).equals(verifyData(this.master, 'server', before));
    }
  }

  #hello(): Uint8Array {
    const { profiles = [1], groups = [0x1d, 0x17], hello = {} } = this.#options;
    const extensions: Record<number, Uint8Array | undefined> = {
      10: vector(2, ...groups.map(uint16)),
      11: vector(1, Uint8Array.of(0)),
      13: vector(2, uint16(0x0403), uint16(0x0804), uint16(0x0401)),
      14: Buffer.concat([vector(2, ...profiles.map(uint16)), vector(1)]),
      23: new Uint8Array(0),
      65281: vector(1),
      ...hello.extensions,
    };
    const written = Object.entries(extensions).flatMap(([type, content]) =>
      content === undefined ? [] : [uint16(Number(type)), vector(2, content)],
    );
    return Buffer.concat([
      uint16(hello.version ?? 0xfefd),
      this.random,
      vector(1),
      vector(1),
      vector(2, ...(hello.suites ?? [0xc02f, 0xc02b]).map(uint16)),
      vector(1, hello.compressions ?? Uint8Array.of(0)),
      vector(2, ...written),
    ]);
  }

  /** Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec, Finished. */
  #answer(): void {
    const { credentials } = this.#options;
    const share = this.#shareKey();
    const parts = [
      this.#message(11, vector(3, vector(3, credentials.certificate))),
      this.#message(16, vector(1, share.point)),
    ];
    this.master = extendedMasterSecret(share.secret, this.#hash());
    const keys = recordKeys(this.master, { client: this.random, server: this.#serverRandom });
    this.layer.protect(keys.client, keys.server);
    const signature = credentials.sign(Buffer.concat(this.#transcript));
    parts.push(this.#message(15, Buffer.concat([uint16(credentials.scheme), vector(2, signature)])));
    parts.push('change-cipher-spec');
    parts.push(this.#message(20, verifyData(this.master, 'client', this.#hash()), 1));
    this.#sendFlight(parts);
  }

  #shareKey(): { readonly point: Uint8Array; readonly secret: Uint8Array } {
    const exchange = new OctetReader(this.heard.get(12) ?? new Uint8Array(0));
    exchange.bytes(1); // The kind of curve.
    const group = exchange.uint16();
    const theirs = exchange.vector(1);
    if (group === 0x17) {
      const ecdh = createECDH('prime256v1');
      return { point: ecdh.generateKeys(), secret: ecdh.computeSecret(theirs) };
    }
    const pair = generateKeyPairSync('x25519');
    const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
    const publicKey = createPublicKey({
      key: Buffer.concat([spki.subarray(0, 12), theirs]),
      format: 'der',
      type: 'spki',
    });
    return { point: spki.subarray(12), secret: diffieHellman({ privateKey: pair.privateKey, publicKey }) };
  }

  #message(type: number, body: Uint8Array, epoch: 0 | 1 = 0): FlightPart {
    const changed = this.#options.change === undefined ? body : this.#options.change(type, body);
    // Left out of what is sent, and of what is signed.
    if (changed === undefined) return { epoch, message: { type: -1, sequence: -1, body: new Uint8Array(0) } };
    const message = { type, sequence: this.#sent, body: changed };
    this.#sent += 1;
    this.#transcript.push(writeWhole(message));
    return { epoch, message };
  }

  #sendFlight(parts: readonly FlightPart[]): void {
    this.#flight = parts.filter((part) => part === 'change-cipher-spec' || part.message.type >= 0);
    for (const datagram of writeFlight(this.#flight, this.layer, this.#options.maxBytes)) this.#send(datagram);
  }

  #hash(): Uint8Array {
    return createHash('sha256').update(Buffer.concat(this.#transcript)).digest();
  }
}

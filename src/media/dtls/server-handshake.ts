import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { assertUnreachable } from '../../base/assert.js';
import type { DtlsFingerprint, SrtpParameters, SrtpSuite } from '../engine.js';
import { sameOctets } from '../octets.js';
import { type ClientHello, parseClientHello } from './client-hello.js';
import type { DtlsIdentity } from './dtls-identity.js';
import type { FlightPart } from './flight.js';
import { HandshakeFault } from './handshake-fault.js';
import { type HandshakeMessage, handshakeType, writeWhole } from './handshake-message.js';
import { extendedMasterSecret, type HelloRandoms, type RecordKeys, recordKeys, verifyData } from './key-schedule.js';
import { chooseGroup, createEphemeralKey, type EphemeralKey, SECP256R1 } from './named-group.js';
import { OctetReader } from './octet-reader.js';
import { keyOfPeer } from './peer-certificate.js';
import { certificateMessage, certificateRequest, serverHello, serverKeyExchange } from './server-messages.js';
import { isSignedBy } from './signature-scheme.js';
import { chooseSuite, profileId, srtpOf } from './srtp-profile.js';

export interface DtlsServerOptions {
  readonly identity: DtlsIdentity;
  /** Of the peer's certificate, from SDP: one of them has to be right. */
  readonly fingerprints: readonly DtlsFingerprint[];
  /** What we do, the best first. */
  readonly suites: readonly SrtpSuite[];
}

/** What is waited for, with all that is known by then. */
type State =
  | { readonly waitsFor: 'clientHello' }
  | { readonly waitsFor: 'certificate'; readonly hellos: Hellos }
  | { readonly waitsFor: 'clientKeyExchange'; readonly hellos: Hellos; readonly peer: KeyObject }
  | { readonly waitsFor: 'certificateVerify'; readonly peer: KeyObject; readonly secrets: Secrets }
  | { readonly waitsFor: 'finished'; readonly secrets: Secrets }
  | { readonly waitsFor: 'nothing'; readonly srtp: SrtpParameters };

interface Hellos {
  readonly randoms: HelloRandoms;
  readonly suite: SrtpSuite;
  readonly ephemeral: EphemeralKey;
}

interface Secrets {
  readonly randoms: HelloRandoms;
  readonly suite: SrtpSuite;
  readonly master: Uint8Array;
  readonly keys: RecordKeys;
}

/**
 * The full handshake of TLS 1.2 with a certificate of the client's (RFC 5246 section 7.3) as a server sees it: whole
 * messages in, in their order; whole messages out. Nothing is resumed.
 */
export class ServerHandshake {
  readonly #options: DtlsServerOptions;
  /** All messages so far, each in one piece: what CertificateVerify signs. */
  #transcript: Uint8Array[] = [];
  #state: State = { waitsFor: 'clientHello' };
  #sent = 0;

  constructor(options: DtlsServerOptions) {
    this.#options = options;
  }

  /** The epoch that the next message has to come under: Finished is the first that is protected. */
  get nextEpoch(): 0 | 1 {
    return this.#state.waitsFor === 'finished' || this.#state.waitsFor === 'nothing' ? 1 : 0;
  }

  /** Of the records of epoch 1, as soon as they are known. */
  get keys(): RecordKeys | undefined {
    return 'secrets' in this.#state ? this.#state.secrets.keys : undefined;
  }

  /** Once the peer has proven who it is and that nobody changed a message. */
  get srtp(): SrtpParameters | undefined {
    return this.#state.waitsFor === 'nothing' ? this.#state.srtp : undefined;
  }

  /** Takes the next message. Returns the flight that answers it; nothing where more has to come. Throws {@link HandshakeFault}. */
  take(message: HandshakeMessage): readonly FlightPart[] {
    const state = this.#state;
    if (state.waitsFor === 'nothing' || message.type !== handshakeType[state.waitsFor]) {
      throw new HandshakeFault('unexpected_message', `handshake message ${message.type} out of turn`);
    }
    const { body } = message;
    switch (state.waitsFor) {
      case 'clientHello':
        this.#transcript.push(writeWhole(message));
        return this.#answerHello(parseClientHello(body));
      case 'certificate':
        this.#state = {
          waitsFor: 'clientKeyExchange',
          hellos: state.hellos,
          peer: keyOfPeer(body, this.#options.fingerprints),
        };
        this.#transcript.push(writeWhole(message));
        return [];
      case 'clientKeyExchange':
        this.#transcript.push(writeWhole(message));
        this.#state = { waitsFor: 'certificateVerify', peer: state.peer, secrets: this.#agree(state.hellos, body) };
        return [];
      case 'certificateVerify':
        this.#checkSignature(state.peer, body);
        this.#transcript.push(writeWhole(message));
        this.#state = { waitsFor: 'finished', secrets: state.secrets };
        return [];
      case 'finished':
        return this.#finish(state.secrets, message);
      default:
        return assertUnreachable(state);
    }
  }

  #answerHello(hello: ClientHello): readonly FlightPart[] {
    const { identity, suites } = this.#options;
    const suite = chooseSuite(suites, hello.srtpProfiles);
    if (suite === undefined) throw new HandshakeFault('insufficient_security', 'no SRTP profile in common');
    // RFC 8422 section 4: who does not say takes any.
    const group = hello.groups === undefined ? SECP256R1 : chooseGroup(hello.groups);
    if (group === undefined) throw new HandshakeFault('handshake_failure', 'no group in common');
    const randoms = { client: hello.random, server: randomBytes(32) };
    const ephemeral = createEphemeralKey(group);
    this.#state = { waitsFor: 'certificate', hellos: { randoms, suite, ephemeral } };
    return [
      this.#write(handshakeType.serverHello, serverHello(hello, randoms.server, profileId(suite))),
      this.#write(handshakeType.certificate, certificateMessage(identity)),
      this.#write(handshakeType.serverKeyExchange, serverKeyExchange(identity, randoms, group, ephemeral.publicPoint)),
      this.#write(handshakeType.certificateRequest, certificateRequest()),
      this.#write(handshakeType.serverHelloDone, new Uint8Array(0)),
    ];
  }

  #agree({ randoms, suite, ephemeral }: Hellos, body: Uint8Array): Secrets {
    const reader = new OctetReader(body);
    const point = reader.vector(1);
    reader.end();
    const master = extendedMasterSecret(ephemeral.agree(point), this.#hash());
    return { randoms, suite, master, keys: recordKeys(master, randoms) };
  }

  /** RFC 5246 section 7.4.8. */
  #checkSignature(peer: KeyObject, body: Uint8Array): void {
    const reader = new OctetReader(body);
    const scheme = reader.uint16();
    const signature = reader.vector(2);
    reader.end();
    if (!isSignedBy(peer, scheme, Buffer.concat(this.#transcript), signature)) {
      throw new HandshakeFault('decrypt_error', 'the peer has not the key of its certificate');
    }
  }

  #finish({ master, randoms, suite }: Secrets, message: HandshakeMessage): readonly FlightPart[] {
    const expected = verifyData(master, 'client', this.#hash());
    const { body } = message;
    if (body.length !== expected.length || !sameOctets(body, 0, expected, 0, expected.length)) {
      throw new HandshakeFault('decrypt_error', 'the handshake was changed on its way');
    }
    this.#transcript.push(writeWhole(message));
    const finished = this.#write(handshakeType.finished, verifyData(master, 'server', this.#hash()), 1);
    this.#transcript = [];
    this.#state = { waitsFor: 'nothing', srtp: srtpOf(suite, master, randoms) };
    return ['change-cipher-spec', finished];
  }

  #write(type: number, body: Uint8Array, epoch: 0 | 1 = 0): FlightPart {
    const message = { type, sequence: this.#sent, body };
    this.#sent += 1;
    this.#transcript.push(writeWhole(message));
    return { epoch, message };
  }

  #hash(): Uint8Array {
    const hash = createHash('sha256');
    for (const message of this.#transcript) hash.update(message);
    return hash.digest();
  }
}

import { createHash, randomBytes, sign } from 'node:crypto';
import { CIPHER_SUITE, extensionType } from './client-hello.js';
import { type DtlsIdentity, fingerprintOf, signingKeyOf } from './dtls-identity.js';
import type { FlightPart } from './flight.js';
import { type HandshakeMessage, handshakeType, writeWhole } from './handshake-message.js';
import { extendedMasterSecret, verifyData } from './key-schedule.js';
import { createEphemeralKey, X25519 } from './named-group.js';
import { uint16, vector } from './octets-out.js';
import { DTLS_1_2 } from './record.js';
import { ServerHandshake } from './server-handshake.js';
import { certificateMessage } from './server-messages.js';
import { ECDSA_SHA256 } from './signature-scheme.js';
import { profileId } from './srtp-profile.js';

const SUITE = 'AEAD_AES_128_GCM';

/**
 * A whole handshake with ourselves, in no time and without packets: the first one of a thread takes 5 ms, in which all its calls
 * wait, and half of that after some of these. Throws what a handshake throws.
 * @returns whether both have come to the same keys
 */
export function rehearseHandshake(identity: DtlsIdentity): boolean {
  const server = new ServerHandshake({ identity, fingerprints: [fingerprintOf(identity)], suites: [SUITE] });
  const transcript: Uint8Array[] = [];
  const say = (type: number, sequence: number, body: Uint8Array): readonly HandshakeMessage[] => {
    const message = { type, sequence, body };
    transcript.push(writeWhole(message));
    const answers = server
      .take(message)
      .filter(isMessage)
      .map((part) => part.message);
    transcript.push(...answers.map(writeWhole));
    return answers;
  };
  const hash = (): Uint8Array => createHash('sha256').update(Buffer.concat(transcript)).digest();
  const answers = say(handshakeType.clientHello, 0, clientHello());
  const exchange = answers.find(({ type }) => type === handshakeType.serverKeyExchange)?.body ?? new Uint8Array();
  say(handshakeType.certificate, 1, certificateMessage(identity));
  const ephemeral = createEphemeralKey(X25519);
  say(handshakeType.clientKeyExchange, 2, vector(1, ephemeral.publicPoint));
  // Behind the kind of curve, its number, and the length of the point.
  const master = extendedMasterSecret(ephemeral.agree(exchange.subarray(4, 4 + (exchange[3] ?? 0))), hash());
  const signature = sign('sha256', Buffer.concat(transcript), {
    key: signingKeyOf(identity),
    dsaEncoding: 'der',
  });
  say(handshakeType.certificateVerify, 3, Buffer.concat([uint16(ECDSA_SHA256), vector(2, signature)]));
  say(handshakeType.finished, 4, verifyData(master, 'client', hash()));
  return server.srtp !== undefined;
}

function isMessage(part: FlightPart): part is Exclude<FlightPart, string> {
  return part !== 'change-cipher-spec';
}

/** As small as it may be. */
function clientHello(): Uint8Array {
  const extension = (type: number, ...content: readonly Uint8Array[]): Uint8Array =>
    Buffer.concat([uint16(type), vector(2, ...content)]);
  return Buffer.concat([
    uint16(DTLS_1_2),
    randomBytes(32),
    ...[vector(1), vector(1), vector(2, uint16(CIPHER_SUITE)), vector(1, Uint8Array.of(0))],
    vector(
      2,
      extension(extensionType.supportedGroups, vector(2, uint16(X25519))),
      extension(extensionType.signatureAlgorithms, vector(2, uint16(ECDSA_SHA256))),
      extension(extensionType.useSrtp, vector(2, uint16(profileId(SUITE))), vector(1)),
      extension(extensionType.extendedMasterSecret),
    ),
  ]);
}

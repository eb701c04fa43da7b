import { constants, createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bitString, integer, objectIdentifier, sequence } from '../../../src/media/dtls/der.js';
import { alerts } from '../../../src/media/dtls/handshake-fault.js';
import { uint16, vector } from '../../../src/media/dtls/octets-out.js';
import { parseRecords } from '../../../src/media/dtls/record.js';
import type { SrtpSuite } from '../../../src/media/engine.js';
import { credentialsOf, type DtlsCredentials, p256Credentials } from '../../support/dtls-client.js';
import { DtlsPair, testCredentials } from '../../support/dtls-pair.js';

const rsa2048 = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Where a ClientHello of the test client has its extensions. */
const EXTENSIONS_AT = 44;

/** An RSA key that says to have another exponent. */
function rsaOfExponent(exponent: Uint8Array): DtlsCredentials {
  const modulus = Buffer.from(rsa2048.publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.1.1'), Uint8Array.of(5, 0));
  const key = sequence(algorithm, bitString(sequence(integer(modulus), integer(exponent))));
  const publicKey = createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' });
  const { privateKey } = rsa2048;
  return credentialsOf({ publicKey, privateKey }, 0x0401, { padding: constants.RSA_PKCS1_PADDING });
}

/** The same point, with half of it left out. */
function compressed(type: number, body: Uint8Array): Uint8Array {
  const odd = 2 + ((body.at(-1) ?? 0) & 1);
  return type === 16 ? vector(1, Uint8Array.of(odd), body.subarray(2, 34)) : body;
}

const FATAL = 2;
const WARNING = 1;

/** The keys as RFC 5764 section 4.2 lays them out: client key, server key, client salt, server salt. */
function keysOf(pair: DtlsPair, saltBytes: number): { readonly local: Buffer; readonly remote: Buffer } {
  const material = Buffer.from(pair.client.keyingMaterial(32 + 2 * saltBytes));
  const salts = material.subarray(32);
  return {
    local: Buffer.concat([material.subarray(16, 32), salts.subarray(saltBytes)]),
    remote: Buffer.concat([material.subarray(0, 16), salts.subarray(0, saltBytes)]),
  };
}

describe('a handshake', () => {
  test.each([
    ['AES_CM_128_HMAC_SHA1_80', 0x0001, 14],
    ['AES_CM_128_HMAC_SHA1_32', 0x0002, 14],
    ['AEAD_AES_128_GCM', 0x0007, 12],
  ] as const)('gives both sides the same keys of %s', (suite, profile, saltBytes) => {
    const pair = new DtlsPair({ profiles: [profile] }).shakeHands();
    expect(pair.events).toEqual(['established']);
    expect(pair.client.established).toBe(true);
    const { local, remote } = keysOf(pair, saltBytes);
    expect(pair.srtp).toEqual({
      suite,
      localKey: new Uint8Array(local),
      remoteKey: new Uint8Array(remote),
      remoteLifetimePackets: 2 ** 48,
    });
  });

  test.each([
    ['x25519', [0x1d, 0x17], 0x1d],
    ['P-256', [0x17, 0x1d], 0x17],
    ['x25519', [0x11ec, 0x18, 0x1d], 0x1d],
  ] as const)('uses %s, the first of the groups %j that we do', (_, groups, used) => {
    const pair = new DtlsPair({ groups }).shakeHands();
    expect(pair.events).toEqual(['established']);
    expect(Buffer.from(pair.client.heard.get(12) ?? []).readUInt16BE(1)).toBe(used);
  });

  test.each([
    [['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'], 'AEAD_AES_128_GCM'],
    [['AES_CM_128_HMAC_SHA1_32', 'AES_CM_128_HMAC_SHA1_80'], 'AES_CM_128_HMAC_SHA1_32'],
  ] as const)('chooses the SRTP suite by our order: %j', (suites: readonly SrtpSuite[], chosen) => {
    expect(new DtlsPair({ profiles: [1, 7, 2] }, { suites }).shakeHands().srtp?.suite).toBe(chosen);
  });

  const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  test.each([
    ['ECDSA on P-384 with SHA-384', p384, 0x0503, { dsaEncoding: 'der' }],
    ['RSA', rsa2048, 0x0401, { padding: constants.RSA_PKCS1_PADDING }],
    ['RSA-PSS', rsa2048, 0x0804, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
  ] as const)('takes a client that signs by %s', (_, key, scheme, how) => {
    const credentials = credentialsOf(key, scheme, how);
    expect(new DtlsPair({ credentials }).shakeHands().events).toEqual(['established']);
  });

  test.each([
    ['sha-256', 'sha256'],
    ['sha-384', 'sha384'],
    ['sha-512', 'sha512'],
  ] as const)('takes a fingerprint of %s, among wrong ones', (hash, name) => {
    const { certificate, fingerprint } = testCredentials();
    const right = { hash, value: createHash(name).update(certificate).digest() };
    const wrong = { ...fingerprint, value: Buffer.alloc(32) };
    expect(new DtlsPair({}, { fingerprints: [wrong, right] }).shakeHands().events).toEqual(['established']);
  });

  test('answers what Chrome sends: DTLS 1.3 offered besides, in two fragments for a ML-KEM share', () => {
    const versions = vector(1, uint16(0xfefc), uint16(0xfefd));
    const share = vector(2, uint16(0x11ec), vector(2, Buffer.alloc(1216, 7)));
    const hello = { extensions: { 43: versions, 51: share, 2570: Buffer.alloc(0) } };
    const pair = new DtlsPair({ hello, groups: [0x11ec, 0x1d, 0x17] });
    pair.client.start();
    expect(pair.toServer).toHaveLength(2);
    pair.deliver();
    expect(pair.events).toEqual(['established']);
    const serverHello = Buffer.from(pair.client.heard.get(2) ?? []);
    expect(serverHello.readUInt16BE(0)).toBe(0xfefd);
    // Session id, suite, no compression; and of the extensions none that says 1.3.
    expect(serverHello.subarray(34, 38).toString('hex')).toBe('00c02b00');
    expect(serverHello.subarray(40).toString('hex')).toBe(
      '00170000' + '000e00050002000100' + 'ff01000100' + '000b00020100',
    );
  });

  test('says of extensions only what was asked', () => {
    const hello = { extensions: { 11: undefined, 65281: undefined } };
    const pair = new DtlsPair({ hello }).shakeHands();
    expect(pair.events).toEqual(['established']);
    expect(
      Buffer.from(pair.client.heard.get(2) ?? [])
        .subarray(40)
        .toString('hex'),
    ).toBe('00170000000e00050002000100');
  });

  test('answers the signalling suite of RFC 5746 as it does the extension', () => {
    const hello = { suites: [0xc02b, 0x00ff], extensions: { 65281: undefined } };
    const pair = new DtlsPair({ hello }).shakeHands();
    expect(Buffer.from(pair.client.heard.get(2) ?? []).toString('hex')).toContain('ff01000100');
  });

  test('asks for the certificate, and takes ECDSA and RSA', () => {
    const request = Buffer.from(new DtlsPair().shakeHands().client.heard.get(13) ?? []);
    expect(request.toString('hex')).toBe('024001' + '00080403050308040401' + '0000');
  });
});

/** Every way in which it must not be established, with the alert and what the listener is told. */
describe('a peer is refused', () => {
  const without = (...numbers: readonly number[]) => ({
    hello: { extensions: Object.fromEntries(numbers.map((number) => [number, undefined])) },
  });
  const withExtension = (number: number, content: Uint8Array) => ({ hello: { extensions: { [number]: content } } });
  const flipped = (type: number, at: number) => ({
    change: (message: number, body: Uint8Array) => {
      if (message !== type) return body;
      const copy = Buffer.from(body);
      copy.writeUInt8(copy.readUInt8(copy.length + at) ^ 1, copy.length + at);
      return copy;
    },
  });
  const instead = (type: number, content: Uint8Array | undefined) => ({
    change: (message: number, body: Uint8Array) => (message === type ? content : body),
  });
  /** @param more extensions, as bytes */
  const withMore = (more: Uint8Array) => ({
    change: (type: number, body: Uint8Array) =>
      type === 1
        ? Buffer.concat([body.subarray(0, EXTENSIONS_AT), vector(2, body.subarray(EXTENSIONS_AT + 2), more)])
        : body,
  });
  const inserted = (type: number, at: number, bytes: Uint8Array) => ({
    change: (message: number, body: Uint8Array) =>
      message === type ? Buffer.concat([body.subarray(0, at), bytes, body.subarray(at)]) : body,
  });
  const longSession = (type: number, body: Uint8Array) =>
    type === 1 ? Buffer.concat([body.subarray(0, 34), vector(1, Buffer.alloc(33)), body.subarray(35)]) : body;
  const manyExtensions = Buffer.concat(Array.from({ length: 64 }, (_, i) => Buffer.of(0x5a, i, 0, 0)));
  const stranger = p256Credentials();
  const other = credentialsOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }));
  const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const rsa = credentialsOf(smallRsa, 0x0401, { padding: constants.RSA_PKCS1_PADDING });
  const exponent = rsaOfExponent(Uint8Array.of(1, 0, 0, 0, 1));
  const mislabelled = credentialsOf(rsa2048, 0x0403, { padding: constants.RSA_PKCS1_PADDING });
  const edwards = { ...credentialsOf(generateKeyPairSync('ed25519'), 0x0403, {}), sign: () => Buffer.alloc(64) };
  const junk = { ...testCredentials(), certificate: Buffer.alloc(100, 0x30) };
  const junkPrint = { hash: 'sha-256', value: createHash('sha256').update(junk.certificate).digest() } as const;
  const long = Buffer.alloc(8_193);
  const longPrint = { hash: 'sha-256', value: createHash('sha256').update(long).digest() } as const;

  test.each([
    ['who offers no use_srtp', without(14), 'handshake_failure', /does not offer use_srtp/],
    ['who has no SRTP profile in common', { profiles: [0x0005, 0x0008] }, 'insufficient_security', /no SRTP profile/],
    ['without extended master secret', without(23), 'handshake_failure', /no extended master secret/],
    ['who has content in it', withExtension(23, Buffer.alloc(1)), 'decode_error', /has content/],
    ['without our cipher suite', { hello: { suites: [0xc02f, 0x1301] } }, 'handshake_failure', /ECDHE-ECDSA/],
    ['of DTLS 1.0 alone', { hello: { version: 0xfeff } }, 'protocol_version', /DTLS 1\.2/],
    ['of DTLS 1.3 alone', withExtension(43, vector(1, uint16(0xfefc))), 'protocol_version', /DTLS 1\.2/],
    ['who compresses', { hello: { compressions: Uint8Array.of(1) } }, 'illegal_parameter', /compression/],
    ['without uncompressed points', withExtension(11, vector(1, Uint8Array.of(1))), 'illegal_parameter', /points/],
    ['who takes no ECDSA', withExtension(13, vector(2, uint16(0x0401))), 'handshake_failure', /ECDSA with SHA-256/],
    ['who says nothing of signatures', without(13), 'handshake_failure', /ECDSA with SHA-256/],
    ['without a group in common', { groups: [0x18, 0x11ec] }, 'handshake_failure', /no group/],
    ['who renegotiates from nothing', withExtension(0xff01, vector(1, Buffer.alloc(12))), 'handshake_failure', /reneg/],
    ['whose extension is too long', withExtension(10, Buffer.from('0002001d00', 'hex')), 'decode_error', /longer/],
    ['whose extension is too short', withExtension(10, Buffer.from('0004001d', 'hex')), 'decode_error', /too short/],
    ['whose ClientHello goes on', instead(1, Buffer.alloc(200, 1)), 'decode_error', /./],
    ['whose ClientHello is empty', instead(1, Buffer.alloc(0)), 'decode_error', /too short/],
    ['with no certificate', instead(11, vector(3)), 'handshake_failure', /no certificate/],
    ['who leaves its Certificate out', instead(11, undefined), 'unexpected_message', /out of turn/],
    ['who leaves its CertificateVerify out', instead(15, undefined), undefined, undefined],
    ['whose signature is wrong', flipped(15, -1), 'decrypt_error', /not the key of its certificate/],
    [
      "with somebody else's signature",
      { change: undefined, credentials: { ...testCredentials(), sign: stranger.sign } },
      'decrypt_error',
      /not the key/,
    ],
    [
      'whose signature is of a kind that was not asked for',
      { credentials: { ...testCredentials(), scheme: 0x0203 } },
      'decrypt_error',
      /not the key/,
    ],
    ['whose Finished is wrong', flipped(20, -1), 'decrypt_error', /changed on its way/],
    ['whose Finished goes on', inserted(20, 12, Buffer.alloc(1)), 'decrypt_error', /changed on its way/],
    ['who says an extension twice', withMore(Buffer.from('00170000', 'hex')), 'illegal_parameter', /comes twice/],
    ['with extensions without end', withMore(manyExtensions), 'decode_error', /too many/],
    ['whose session id is too long', { change: longSession }, 'decode_error', /session id/],
    ['whose Finished is empty', instead(20, Buffer.alloc(0)), 'decrypt_error', /changed on its way/],
    ['whose key share is not on the curve', { groups: [0x17], ...flipped(16, -1) }, 'illegal_parameter', /key share/],
    ['whose key share is short', instead(16, vector(1, Buffer.alloc(31))), 'illegal_parameter', /key share/],
    ['whose key share is long', instead(16, vector(1, Buffer.alloc(33, 9))), 'illegal_parameter', /key share/],
    ['whose key share is compressed', { groups: [0x17], change: compressed }, 'illegal_parameter', /key share/],
    ['whose key share is of small order', instead(16, vector(1, Buffer.alloc(32))), 'illegal_parameter', /key share/],
    ['whose curve is another', { credentials: other }, 'unsupported_certificate', /of a kind/],
    ['whose RSA key is short', { credentials: rsa }, 'unsupported_certificate', /of a kind/],
    ['whose RSA exponent is long', { credentials: exponent }, 'unsupported_certificate', /of a kind/],
    ['who calls an RSA signature ECDSA', { credentials: mislabelled }, 'decrypt_error', /not the key/],
    ['whose key cannot sign here', { credentials: edwards }, 'unsupported_certificate', /of a kind/],
    [
      'whose certificate is rubbish',
      { credentials: { ...junk, fingerprint: junkPrint } },
      'bad_certificate',
      /cannot be read/,
    ],
    [
      'whose certificate is endless',
      { credentials: { ...junk, certificate: long, fingerprint: longPrint } },
      'bad_certificate',
      /too long/,
    ],
  ] as const)('%s', (_, client, alert, message) => {
    const pair = new DtlsPair(client as object).shakeHands();
    pair.nowMs = 14_980;
    expect(pair.srtp).toBeUndefined();
    expect(pair.client.established).toBe(false);
    if (alert === undefined) {
      // Its Finished is not what was to come: nothing but time tells.
      expect(pair.events).toEqual([]);
      pair.pass(40);
      expect(pair.events).toEqual(['DTLS: the peer did not complete the handshake within 15 s']);
      return;
    }
    expect(pair.events).toEqual([expect.stringMatching(message)]);
    expect(pair.client.alerts).toEqual([[FATAL, alerts[alert]]]);
    // Nothing comes back to life.
    pair.client.repeat();
    pair.pass(20_000);
    pair.deliver();
    pair.server.close();
    expect(pair.events).toHaveLength(1);
    expect(pair.client.alerts).toHaveLength(1);
    expect(pair.srtp).toBeUndefined();
  });

  test.each([
    ['another certificate than that of the SDP', [stranger.fingerprint]],
    ['an SDP without any fingerprint', []],
  ])('with %s', (_, fingerprints) => {
    const pair = new DtlsPair({}, { fingerprints }).shakeHands();
    expect(pair.events).toEqual(["DTLS: the peer's certificate is not the one of its SDP"]);
    expect(pair.client.alerts).toEqual([[FATAL, alerts.bad_certificate]]);
  });

  test('whose Finished comes in the clear', () => {
    const pair = new DtlsPair();
    pair.client.start();
    for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
    for (const datagram of pair.toClient.splice(0)) pair.client.receive(datagram);
    // All but the protected record; then what it should be, in the clear.
    const [flight = Buffer.alloc(0)] = pair.toServer.splice(0);
    const last = parseRecords(flight).at(-1);
    pair.receive(flight.subarray(0, flight.length - 13 - (last?.payload.length ?? 0)));
    const finished = Buffer.concat([Buffer.from('1400000c0004000000' + '00000c', 'hex'), Buffer.alloc(12)]);
    pair.client.sendRecord(0, 22, finished);
    pair.deliver();
    expect(pair.events).toEqual([]);
    // And the real one is taken still.
    pair.receive(flight.subarray(flight.length - 13 - (last?.payload.length ?? 0)));
    expect(pair.events).toEqual(['established']);
  });
});

describe('established', () => {
  test('close says close_notify, once, and nothing is heard afterwards', () => {
    const pair = new DtlsPair().shakeHands();
    pair.server.close();
    pair.server.close();
    expect(pair.toClient).toHaveLength(1);
    pair.client.sendRecord(1, 21, Uint8Array.of(FATAL, 80));
    pair.deliver();
    expect(pair.client.alerts).toEqual([[WARNING, alerts.close_notify]]);
    expect(pair.events).toEqual(['established']);
  });

  test("the peer's close_notify is answered and told, once", () => {
    const pair = new DtlsPair().shakeHands();
    pair.client.sendRecord(1, 21, Uint8Array.of(WARNING, 0));
    pair.client.sendRecord(1, 21, Uint8Array.of(WARNING, 0));
    pair.deliver();
    expect(pair.events).toEqual(['established', 'closed']);
    expect(pair.client.alerts).toEqual([[WARNING, alerts.close_notify]]);
  });

  test('an authentic fatal alert ends it', () => {
    const pair = new DtlsPair().shakeHands();
    pair.client.sendRecord(1, 21, Uint8Array.of(FATAL, 80));
    pair.deliver();
    expect(pair.events).toEqual(['established', 'DTLS: the peer ended it: internal_error']);
  });

  test('alerts, hellos and all else in the clear do nothing, and get no answer', () => {
    const pair = new DtlsPair().shakeHands();
    const again = new DtlsPair();
    again.client.start();
    pair.client.sendRecord(0, 21, Uint8Array.of(FATAL, 40));
    pair.client.sendRecord(0, 21, Uint8Array.of(WARNING, 0));
    pair.client.sendRecord(0, 23, Buffer.alloc(20));
    for (const datagram of [...pair.toServer.splice(0), ...again.toServer]) pair.receive(datagram);
    expect(pair.toClient).toEqual([]);
    expect(pair.events).toEqual(['established']);
  });

  test('a replayed record, or one that was changed, does nothing', () => {
    const pair = new DtlsPair().shakeHands();
    pair.client.sendRecord(1, 23, Uint8Array.of(FATAL, 80));
    pair.client.sendRecord(1, 21, Uint8Array.of(WARNING, 0));
    pair.client.sendRecord(1, 22, Buffer.concat([Buffer.from('010000200005000000000020', 'hex'), Buffer.alloc(32)]));
    const [data = Buffer.alloc(0), closing = Buffer.alloc(0), hello = Buffer.alloc(0)] = pair.toServer.splice(0);
    data[0] = 21;
    pair.receive(data);
    for (let at = 3; at < closing.length; at += 1) {
      const changed = Buffer.from(closing);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x40, at);
      pair.receive(changed);
    }
    expect(pair.events).toEqual(['established']);
    for (let i = 0; i < 3; i += 1) pair.receive(hello);
    expect(pair.toClient).toHaveLength(1);
    pair.receive(closing);
    expect(pair.events).toEqual(['established', 'closed']);
  });

  test('renegotiation is refused, four times at most', () => {
    const pair = new DtlsPair().shakeHands();
    const hello = Buffer.concat([Buffer.from('010000200005000000000020', 'hex'), Buffer.alloc(32)]);
    for (let i = 0; i < 10; i += 1) pair.client.sendRecord(1, 22, hello);
    pair.deliver();
    expect(pair.client.alerts).toEqual(Array(4).fill([WARNING, alerts.no_renegotiation]));
    expect(pair.events).toEqual(['established']);
  });
});

describe('in the handshake', () => {
  test('an alert of the peer says why it failed', () => {
    const pair = new DtlsPair();
    pair.client.start();
    for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
    pair.client.sendRecord(0, 21, Uint8Array.of(FATAL, 42));
    pair.deliver();
    expect(pair.events).toEqual(['DTLS: the peer ended it: bad_certificate']);
  });

  test('a warning does not end it', () => {
    const pair = new DtlsPair();
    pair.client.sendRecord(0, 21, Uint8Array.of(WARNING, 90));
    expect(pair.shakeHands().events).toEqual(['established']);
  });

  test('close sends nothing', () => {
    const pair = new DtlsPair();
    pair.client.start();
    for (const datagram of pair.toServer.splice(0)) pair.receive(datagram);
    pair.toClient = [];
    pair.server.close();
    pair.pass(20_000);
    expect(pair.toClient).toEqual([]);
    expect(pair.events).toEqual([]);
  });
});

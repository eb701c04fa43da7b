import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { integer, objectIdentifier, time } from '../../../src/media/dtls/der.js';
import { createDtlsIdentity, fingerprintOf, signingKeyOf } from '../../../src/media/dtls/dtls-identity.js';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([
  [Date.UTC(2026, 10, 29, 20, 30, 15, 999), 'Nov 28 20:30:15 2026 GMT', 'Nov 26 20:30:15 2036 GMT'],
  // Both ways of writing a time in one certificate.
  [Date.UTC(2045, 0, 1), 'Dec 31 00:00:00 2044 GMT', 'Dec 30 00:00:00 2054 GMT'],
])('the certificate of an identity is what OpenSSL reads, signed by its own key (at %i)', (wallTimeMs, from, to) => {
  const identity = createDtlsIdentity(wallTimeMs);
  const certificate = new X509Certificate(identity.certificate);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(signingKeyOf(identity))).toBe(true);
  expect(certificate).toMatchObject({ subject: 'CN=WebRTC', issuer: 'CN=WebRTC', validFrom: from, validTo: to });
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
});

test('the fingerprint is that of the certificate, as everybody counts it', () => {
  const identity = createDtlsIdentity(0);
  const { hash, value } = fingerprintOf(identity);
  const text = [...value].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
  expect([hash, text]).toEqual(['sha-256', new X509Certificate(identity.certificate).fingerprint256]);
  expect(Buffer.from(value)).toEqual(createHash('sha256').update(identity.certificate).digest());
});

test('two identities have nothing in common', () => {
  const [one, two] = [createDtlsIdentity(0), createDtlsIdentity(0)];
  const numbers = [one, two].map(({ certificate }) => new X509Certificate(certificate).serialNumber);
  expect(numbers[0]).not.toBe(numbers[1]);
  expect(createPublicKey(signingKeyOf(one)).equals(createPublicKey(signingKeyOf(two)))).toBe(false);
});

test('an identity survives the way to a thread, and its key is made once there', () => {
  const identity = createDtlsIdentity(0);
  const there = structuredClone(identity);
  expect(there).toEqual(identity);
  expect(signingKeyOf(there)).toBe(signingKeyOf(there));
  expect(signingKeyOf(there).equals(signingKeyOf(identity))).toBe(true);
});

test('DER as X.690 has it', () => {
  expect(hexOf(integer(Uint8Array.of(0, 0)))).toBe('020100');
  expect(hexOf(integer(Uint8Array.of(0, 0x7f)))).toBe('02017f');
  expect(hexOf(integer(Uint8Array.of(0x80)))).toBe('02020080');
  expect(hexOf(objectIdentifier('1.2.840.113549'))).toBe('06062a864886f70d');
  expect(
    Buffer.from(time(Date.UTC(2049, 11, 31, 23, 59, 59)))
      .subarray(2)
      .toString(),
  ).toBe('491231235959Z');
  expect(
    Buffer.from(time(Date.UTC(2050, 0, 1)))
      .subarray(2)
      .toString(),
  ).toBe('20500101000000Z');
});

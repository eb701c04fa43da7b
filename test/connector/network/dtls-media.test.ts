import { expect, it } from 'vitest';
import { localDtls } from '../../../src/connector/network/dtls-media.js';
import { SeededRandom } from '../../support/seeded-random.js';

const fingerprint = { hash: 'sha-256', value: new Uint8Array(32) } as const;
const own = ['192.0.2.7', '2001:db8::7'];
const candidates = (bind: string, advertise?: string) =>
  localDtls(fingerprint, { bind, advertise }, new SeededRandom(1), () => own)?.candidates();

it('a browser is told of every address where audio is taken on all of them, and none is advertised', () => {
  expect(candidates('0.0.0.0')).toEqual(own);
  expect(candidates('::')).toEqual(own);
  expect(candidates('0.0.0.0', '203.0.113.7')).toEqual([]);
  expect(candidates('192.0.2.7')).toEqual([]);
});

it('loopback and link-local addresses of this machine are not told', () => {
  const told = localDtls(fingerprint, { bind: '::', advertise: undefined }, new SeededRandom(1))?.candidates() ?? [];
  expect(told.filter((address) => /^(?:127\.|::1$|fe[89ab])/i.test(address))).toEqual([]);
});

it('without a certificate there is no DTLS', () => {
  expect(localDtls(undefined, { bind: '::', advertise: undefined }, new SeededRandom(1))).toBeUndefined();
});

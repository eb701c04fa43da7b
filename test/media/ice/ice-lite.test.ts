import { expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import { createIceCredentials } from '../../../src/media/ice/ice-credentials.js';
import { IceLite } from '../../../src/media/ice/ice-lite.js';
import {
  attributeOf,
  type CheckOptions,
  CONTROLLED,
  CONTROLLING,
  errorCodeOf,
  isSealedWith,
  mappedAddressOf,
  PRIORITY,
  REALM,
  stunCheck,
  USE_CANDIDATE,
  VECTOR_PASSWORD,
  vectorRequest,
} from '../../support/stun-client.js';

const FROM = { address: '192.0.2.1', port: 4000 };
const PASSWORD = 'f00df00df00df00df00df00d';
const right = { username: 'ours:theirs', password: PASSWORD };

const agent = new IceLite({ localFragment: 'ours', localPassword: PASSWORD, remoteFragment: 'theirs' });
const check = (options: CheckOptions) => agent.receive(stunCheck(options), FROM, false);

test('a check is answered with where it came from, sealed with our password, in its transaction', () => {
  const request = stunCheck(right);
  const { reply, valid, nominated } = agent.receive(request, FROM, false);
  expect({ valid, nominated }).toEqual({ valid: true, nominated: false });
  expect(reply?.readUInt16BE(0)).toBe(0x0101);
  expect(reply?.subarray(4, 20)).toEqual(request.subarray(4, 20));
  expect(reply && mappedAddressOf(reply)).toEqual(FROM);
  expect(reply && isSealedWith(reply, PASSWORD)).toBe(true);
});

test('USE-CANDIDATE nominates; FINGERPRINT and the role may be missing', () => {
  expect(check({ ...right, attributes: [PRIORITY, CONTROLLING, USE_CANDIDATE] })).toMatchObject({ nominated: true });
  expect(check({ ...right, fingerprint: false, attributes: [] })).toMatchObject({ valid: true, nominated: false });
});

test.each([
  ['no USERNAME', { ...right, username: undefined }],
  ['no MESSAGE-INTEGRITY', { ...right, password: undefined }],
  ['another password', { ...right, password: `${PASSWORD}0` }],
  ["the peer's fragment first", { ...right, username: 'theirs:ours' }],
  ['another fragment of the peer', { ...right, username: 'ours:others' }],
  ['a fragment that ours begins with', { ...right, username: 'our:theirs' }],
  ['more behind the fragments', { ...right, username: 'ours:theirs:x' }],
  ['an indication', { ...right, type: 0x0011 }],
  ['a response', { ...right, type: 0x0101 }],
  ['an error', { ...right, type: 0x0111 }],
  ['another method', { ...right, type: 0x0003 }],
] as const)('nothing answers a message with %s', (_, options) => {
  expect(check(options)).toEqual({ valid: false, nominated: false });
});

test('nothing answers what is damaged, whatever it is', () => {
  const request = stunCheck({ ...right, attributes: [USE_CANDIDATE] });
  // With another type the last attribute is no FINGERPRINT, which may be missing.
  const lastType = request.length - 8;
  for (let at = 0; at < request.length; at += at === lastType - 1 ? 3 : 1) {
    const damaged = Buffer.from(request);
    damaged[at] = (damaged[at] as number) ^ 0x40;
    expect(agent.receive(damaged, FROM, false)).toEqual({ valid: false, nominated: false });
  }
});

test('two controlled agents: the peer is told to change (RFC 8445 section 7.3.1.1)', () => {
  const { reply, valid } = check({ ...right, attributes: [CONTROLLED, USE_CANDIDATE] });
  expect(valid).toBe(false);
  expect(reply && errorCodeOf(reply)).toBe(487);
  expect(reply && isSealedWith(reply, PASSWORD)).toBe(true);
  const vector = new IceLite({ localFragment: 'evtj', localPassword: VECTOR_PASSWORD, remoteFragment: 'h6vY' });
  expect(errorCodeOf(vector.receive(vectorRequest, FROM, false).reply ?? Buffer.alloc(0))).toBe(487);
});

test('an attribute that has to be known and is not is named in a 420; one that need not be is no matter', () => {
  const { reply, valid } = check({ ...right, attributes: [REALM, CONTROLLING] });
  expect(valid).toBe(false);
  expect(reply && errorCodeOf(reply)).toBe(420);
  expect(reply && attributeOf(reply, 0x000a)).toEqual(Buffer.from([0x00, 0x14]));
  // GOOG-NETWORK-INFO, as Chrome has it.
  expect(check({ ...right, attributes: [[0xc057, Buffer.alloc(4)], CONTROLLING] }).valid).toBe(true);
});

test('a check again is nothing but from where the peer is known to be, as long as it is remembered', () => {
  const fresh = new IceLite({ localFragment: 'ours', localPassword: PASSWORD, remoteFragment: 'theirs' });
  const receive = (bytes: Uint8Array, isProven = false): boolean => fresh.receive(bytes, FROM, isProven).valid;
  // What is not authentic leaves nothing behind.
  const transactionId = Buffer.alloc(12, 9);
  expect(receive(stunCheck({ ...right, password: 'another', transactionId }))).toBe(false);
  const request = stunCheck({ ...right, transactionId });
  expect(receive(request)).toBe(true);
  expect(receive(request)).toBe(false);
  expect(receive(request, true)).toBe(true);
  // Nor does one that is to be refused get its refusal elsewhere.
  const refused = stunCheck({ ...right, attributes: [REALM] });
  expect(fresh.receive(refused, FROM, false).reply).toBeDefined();
  expect(fresh.receive(refused, FROM, false).reply).toBeUndefined();
  for (let later = 0; later < 1_022; later += 1) expect(receive(stunCheck(right))).toBe(true);
  expect(receive(request)).toBe(false);
  receive(stunCheck(right));
  expect(receive(request)).toBe(true);
});

test('credentials are as long and of the characters that RFC 8839 asks for, and never the same', () => {
  const random = createSystemRandom();
  const made = Array.from({ length: 100 }, () => createIceCredentials(random));
  for (const { localFragment, localPassword } of made) {
    expect(localFragment).toMatch(/^[A-Za-z0-9+/]{4,256}$/);
    expect(localPassword).toMatch(/^[A-Za-z0-9+/]{22,256}$/);
  }
  expect(new Set(made.map(({ localPassword }) => localPassword)).size).toBe(100);
});

import { expect, test } from 'vitest';
import { attributeType, isAuthentic, messageType, parseStun } from '../../../src/media/ice/stun-message.js';
import { bindingError, bindingSuccess, stunErrors } from '../../../src/media/ice/stun-response.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { mappedAddressOf, responseVectors, VECTOR_PASSWORD, vectorRequest } from '../../support/stun-client.js';

test('the sample request of RFC 5769 section 2.1 is read, and its password known', () => {
  const message = parseStun(vectorRequest);
  expect(message).toMatchObject({ type: messageType.bindingRequest, unknown: [] });
  expect(Buffer.from(message?.transactionId ?? []).toString('hex')).toBe('b7e7a701bc34d686fa87dfae');
  const attributes = new Map(
    [...(message?.attributes ?? [])].map(([type, value]) => [type, Buffer.from(value).toString('hex')]),
  );
  expect(attributes.get(attributeType.username)).toBe(Buffer.from('evtj:h6vY').toString('hex'));
  expect(attributes.get(attributeType.priority)).toBe('6e0001ff');
  expect(attributes.get(attributeType.iceControlled)).toBe('932ff9b151263b36');
  expect(message && isAuthentic(vectorRequest, message, VECTOR_PASSWORD)).toBe(true);
  expect(message && isAuthentic(vectorRequest, message, `${VECTOR_PASSWORD}x`)).toBe(false);
});

test.each(responseVectors)('the sample response of RFC 5769 for $address is read', ({ bytes, address, port }) => {
  const message = parseStun(bytes);
  expect(message?.type).toBe(messageType.bindingSuccess);
  expect(message && isAuthentic(bytes, message, VECTOR_PASSWORD)).toBe(true);
  expect(mappedAddressOf(bytes)).toEqual({ address, port });
});

test.each([
  ['192.0.2.1', 32_853],
  ['255.255.255.255', 65_535],
  ['2001:db8:1234:5678:11:2233:4455:6677', 32_853],
  ['fe80::1%eth0', 1],
])('a response tells %s, is authentic, and its fingerprint right', (address, port) => {
  const bytes = bindingSuccess(Buffer.from('b7e7a701bc34d686fa87dfae', 'hex'), { address, port }, VECTOR_PASSWORD);
  const message = parseStun(bytes);
  expect(message?.type).toBe(messageType.bindingSuccess);
  expect(message && isAuthentic(bytes, message, VECTOR_PASSWORD)).toBe(true);
  expect(mappedAddressOf(bytes)).toEqual({ address: address.replace(/%.*/, ''), port });
  // Where the mapped address is that of a vector, so are its bytes.
  const vector = responseVectors.find((one) => one.address === address);
  const mapped = Buffer.from(message?.attributes.get(attributeType.xorMappedAddress) ?? []);
  if (vector !== undefined) expect(vector.bytes.includes(mapped)).toBe(true);
});

test('an error says its code, its reason and what it does not know', () => {
  const bytes = bindingError(Buffer.alloc(12, 7), stunErrors.unknownAttribute, 'secret', [0x0015, 0x7fff, 0x0003]);
  const message = parseStun(bytes);
  expect(message?.type).toBe(messageType.bindingError);
  expect(message && isAuthentic(bytes, message, 'secret')).toBe(true);
  const error = Buffer.from(message?.attributes.get(attributeType.errorCode) ?? []);
  expect(error.subarray(0, 4)).toEqual(Buffer.from([0, 0, 4, 20]));
  expect(error.subarray(4).toString()).toBe('Unknown Attribute');
  const types = Buffer.from(message?.attributes.get(attributeType.unknownAttributes) ?? []);
  expect(types.toString('hex')).toBe('00157fff0003');
});

test('of a message whose lengths lie, or that a byte of is another, nothing is believed', () => {
  for (let length = 0; length < vectorRequest.length; length += 1) {
    expect(parseStun(vectorRequest.subarray(0, length))).toBeUndefined();
  }
  expect(parseStun(Buffer.concat([vectorRequest, Buffer.alloc(4)]))).toBeUndefined();
  for (let at = 0; at < vectorRequest.length; at += 1) {
    for (const value of [0, 0xff, (vectorRequest[at] as number) ^ 1]) {
      // With another type the last attribute is no FINGERPRINT, which may be missing.
      const isLastType = at === vectorRequest.length - 8 || at === vectorRequest.length - 7;
      if (isLastType || value === vectorRequest[at]) continue;
      const bytes = Buffer.from(vectorRequest);
      bytes[at] = value;
      const message = parseStun(bytes);
      expect(message !== undefined && isAuthentic(bytes, message, VECTOR_PASSWORD)).toBe(false);
    }
  }
});

test('rubbish behind a header that looks right never throws, nor is it taken', () => {
  const random = new SeededRandom(8);
  for (let round = 0; round < 5_000; round += 1) {
    const bytes = random.bytes(20 + 4 * random.integer(30));
    bytes.writeUInt16BE(1, 0);
    bytes.writeUInt16BE(bytes.length - 20, 2);
    bytes.writeUInt32BE(0x2112_a442, 4);
    // Small lengths, so that more than one attribute is read.
    for (let at = 20; at < bytes.length; at += 4) bytes.writeUInt16BE(random.integer(24), at + 2);
    const message = parseStun(bytes);
    expect(message === undefined || !isAuthentic(bytes, message, VECTOR_PASSWORD)).toBe(true);
  }
});

test('what follows MESSAGE-INTEGRITY proves nothing', () => {
  // USE-CANDIDATE behind it, in place of the fingerprint.
  const bytes = Buffer.concat([vectorRequest.subarray(0, -8), Buffer.from('00250000', 'hex')]);
  bytes.writeUInt16BE(bytes.length - 20, 2);
  const message = parseStun(bytes);
  expect(message && isAuthentic(bytes, message, VECTOR_PASSWORD)).toBe(true);
  expect(message?.attributes.has(attributeType.useCandidate)).toBe(false);
});

test('an attribute longer than the message makes it none, wherever it stands', () => {
  const bytes = Buffer.concat([vectorRequest.subarray(0, -8), Buffer.from('8022ffff00000000', 'hex')]);
  expect(parseStun(bytes)).toBeUndefined();
});

import { describe, expect, test } from 'vitest';
import { stunAnswer } from '../../../../src/signaling/embedded/transport/stun-binding.js';

const transactionId = 'b7e7a701bc34d686fa87dfae';
const request = Buffer.from(`00010000${'2112a442'}${transactionId}`, 'hex');

test('the mapping of an IPv4 phone, as in the sample of RFC 5769 section 2.2', () => {
  const answer = stunAnswer(request, { address: '192.0.2.1', port: 32_853 });
  expect(answer?.toString('hex')).toBe(`0101000c2112a442${transactionId}00200008${'0001a147'}${'e112a643'}`);
});

test('and of an IPv6 phone, section 2.3', () => {
  const answer = stunAnswer(request, { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 });
  expect(answer?.toString('hex')).toBe(
    `010100182112a442${transactionId}00200014${'0002a147'}${'0113a9faa5d3f179bc25f4b5bed2b9d9'}`,
  );
  expect(stunAnswer(request, { address: '::1', port: 1 })).toHaveLength(44);
});

describe('no answer to', () => {
  test.each([
    ['a short one', request.subarray(0, 19)],
    ['another cookie', Buffer.from(`0001000000000000${transactionId}`, 'hex')],
    ['a response', Buffer.from(`010100002112a442${transactionId}`, 'hex')],
    ['a length that is wrong', Buffer.from(`000100042112a442${transactionId}`, 'hex')],
    ['an indication', Buffer.from(`001100002112a442${transactionId}`, 'hex')],
  ])('%s', (_name, bytes) => {
    expect(stunAnswer(bytes, { address: '192.0.2.1', port: 5060 })).toBeUndefined();
  });
});

import { expect, test } from 'vitest';
import { closeFailure, serviceFailure, statusError } from '../../../../src/cascade/engines/deepgram/errors.js';

test.each([
  [401, 'INVALID_AUTH', 'ERR_FLAVOR_AUTH', false],
  [403, '', 'ERR_FLAVOR_AUTH', false],
  [402, 'ASR_PAYMENT_REQUIRED', 'ERR_FLAVOR_QUOTA', false],
  [408, '', 'ERR_FLAVOR_TIMEOUT', true],
  [429, 'TOO_MANY_REQUESTS', 'ERR_FLAVOR_QUOTA', true],
  [500, '', 'ERR_FLAVOR_NETWORK', true],
  [503, '', 'ERR_FLAVOR_NETWORK', true],
  [400, 'Bad Request', 'ERR_FLAVOR_CONFIG', false],
  [301, '', 'ERR_FLAVOR_CONFIG', false],
])('an upgrade that is answered by %i %s is %s, retryable: %s', (status, wireCode, code, retryable) => {
  expect(statusError(status, wireCode)).toMatchObject({ code, retryable });
});

test.each([
  [1000, '', 'ERR_FLAVOR_NETWORK', true],
  [1006, '', 'ERR_FLAVOR_NETWORK', true],
  [1008, 'DATA-0000 of the caller', 'ERR_FLAVOR_PROTOCOL', false],
  [1008, '', 'ERR_FLAVOR_NETWORK', true],
  [1009, '', 'ERR_FLAVOR_PROTOCOL', true],
  [1011, 'NET-0001 secret words', 'ERR_FLAVOR_NETWORK', true],
  [1013, '', 'ERR_FLAVOR_NETWORK', true],
])('a close with %i and "%s" is %s, retryable: %s', (closeCode, reason, code, retryable) => {
  const failure = closeFailure(closeCode, reason);
  expect(failure).toMatchObject({ code, retryable });
  expect(failure.message).toContain(String(closeCode));
  expect(failure.message).not.toMatch(/secret|caller/);
});

test.each([
  ['INVALID_AUTH', 'ERR_FLAVOR_AUTH', false],
  ['INSUFFICIENT_PERMISSIONS', 'ERR_FLAVOR_AUTH', false],
  ['ASR_PAYMENT_REQUIRED', 'ERR_FLAVOR_QUOTA', false],
  ['INSUFFICIENT_CREDITS', 'ERR_FLAVOR_QUOTA', false],
  ['TOO_MANY_REQUESTS', 'ERR_FLAVOR_QUOTA', true],
  ['CLIENT_MESSAGE_TIMEOUT', 'ERR_FLAVOR_TIMEOUT', true],
  ['INVALID_SETTINGS', 'ERR_FLAVOR_CONFIG', false],
  ['UNPARSABLE_CLIENT_MESSAGE', 'ERR_FLAVOR_PROTOCOL', true],
  ['MESSAGE-0000', 'ERR_FLAVOR_PROTOCOL', true],
  ['FAILED_TO_SPEAK', 'ERR_FLAVOR_NETWORK', true],
  ['', 'ERR_FLAVOR_NETWORK', true],
])('the error "%s" in a connection is %s, retryable: %s', (wireCode, code, retryable) => {
  expect(serviceFailure(wireCode)).toMatchObject({ code, retryable });
});

import { expect, test } from 'vitest';
import {
  closeFailure,
  socketFailure,
  statusError,
  wireFailure,
} from '../../../../flavors/openai-realtime/protocol/errors.js';

test.each([
  [401, '', 'ERR_FLAVOR_AUTH', false],
  [403, '', 'ERR_FLAVOR_AUTH', false],
  [429, 'rate_limit_exceeded', 'ERR_FLAVOR_QUOTA', true],
  [429, 'insufficient_quota', 'ERR_FLAVOR_QUOTA', false],
  [500, '', 'ERR_FLAVOR_NETWORK', true],
  [503, '', 'ERR_FLAVOR_NETWORK', true],
  [404, 'unknown_url', 'ERR_FLAVOR_CONFIG', false],
])('HTTP %i %s is %s', (status, wireCode, code, retryable) => {
  expect(statusError(status, wireCode)).toMatchObject({ code, retryable });
});

test.each([
  ['invalid_request_error', 'invalid_api_key', 'ERR_FLAVOR_AUTH', false],
  ['authentication_error', '', 'ERR_FLAVOR_AUTH', false],
  ['insufficient_quota', '', 'ERR_FLAVOR_QUOTA', false],
  ['', 'insufficient_quota', 'ERR_FLAVOR_QUOTA', false],
  ['tokens', 'rate_limit_exceeded', 'ERR_FLAVOR_QUOTA', true],
  ['rate_limit_error', '', 'ERR_FLAVOR_QUOTA', true],
  ['server_error', '', 'ERR_FLAVOR_NETWORK', true],
  ['invalid_request_error', 'session_expired', 'ERR_FLAVOR_NETWORK', true],
  ['invalid_request_error', 'invalid_value', 'ERR_FLAVOR_PROTOCOL', false],
])('the error %s %s is %s', (type, wireCode, code, retryable) => {
  expect(wireFailure({ type, code: wireCode, param: '' })).toMatchObject({ code, retryable });
});

test.each([
  [3000, false, 'ERR_FLAVOR_AUTH', false],
  [1008, false, 'ERR_FLAVOR_AUTH', false],
  [1008, true, 'ERR_FLAVOR_NETWORK', true],
  [1000, true, 'ERR_FLAVOR_NETWORK', true],
  [1001, true, 'ERR_FLAVOR_NETWORK', true],
  [1006, true, 'ERR_FLAVOR_NETWORK', true],
  [1011, true, 'ERR_FLAVOR_NETWORK', true],
  [1009, true, 'ERR_FLAVOR_PROTOCOL', true],
])('close %i (established: %s) is %s', (closeCode, established, code, retryable) => {
  expect(closeFailure(closeCode, established)).toMatchObject({ code, retryable });
});

test.each([
  ['ECONNREFUSED', 'ERR_FLAVOR_NETWORK'],
  ['ENOTFOUND', 'ERR_FLAVOR_NETWORK'],
  ['ECONNRESET', 'ERR_FLAVOR_NETWORK'],
  ['CERT_HAS_EXPIRED', 'ERR_FLAVOR_NETWORK'],
  ['ETIMEDOUT', 'ERR_FLAVOR_TIMEOUT'],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'ERR_FLAVOR_PROTOCOL'],
])('a socket that fails with %s is %s, and may be tried again', (socketCode, code) => {
  const error = Object.assign(new Error('connect to sk-secret'), { code: socketCode });
  expect(socketFailure(error, 'api.example.com')).toMatchObject({ code, retryable: true });
  if (code === 'ERR_FLAVOR_NETWORK')
    expect(socketFailure(error, 'api.example.com').message).toContain('to api.example.com failed');
  expect(socketFailure(error, 'api.example.com').message).not.toContain('sk-secret');
});

test('names that the service gives are cut to what a log line can bear', () => {
  const { message } = wireFailure({ type: 'x', code: 'a\nb "c" é'.repeat(50), param: 'session.audio.input[0]\n' });
  expect(message).toMatch(/^the service refused a request \([\w.[\]-]{1,64}, session\.audio\.input\[0\]\)$/);
});

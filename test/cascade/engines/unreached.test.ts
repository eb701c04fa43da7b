import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { modelFailure } from '../../../src/cascade/engines/language-model/failure.js';
import { unreachedPlace } from '../../../src/cascade/engines/shared/unreached.js';
import { transportFailure } from '../../../src/cascade/engines/speech-server/failures.js';

/** What Node says of a connection that is not made. */
function refusal(port: number, host: string): Promise<Error> {
  return new Promise((resolve) => void connect(port, host).once('error', resolve));
}

test('a server that does not take connections is named by address and port', async () => {
  // Port 9 of loopback: nobody listens there.
  const refused = await refusal(9, '127.0.0.1');
  const wrapped = new Error('fetch failed', { cause: refused });
  expect(transportFailure('the Whisper server', wrapped).message).toBe(
    'the Whisper server cannot be reached at 127.0.0.1:9 (ECONNREFUSED)',
  );
  expect(modelFailure(wrapped).message).toContain('or hung up at 127.0.0.1:9 (ECONNREFUSED)');
});

test('of several addresses one is named, of an unknown name the name', () => {
  const v6 = Object.assign(new Error(), { code: 'ECONNREFUSED', address: '::1', port: 8000 });
  expect(unreachedPlace(new AggregateError([v6]))).toBe(' at [::1]:8000');
  const unknown = Object.assign(new Error(), { code: 'ENOTFOUND', hostname: 'no.example' });
  expect(unreachedPlace(new Error('', { cause: unknown }))).toBe(' at no.example');
  expect(unreachedPlace(Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe('');
});

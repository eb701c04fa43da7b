import { expect, test } from 'vitest';
import { ConnectorError } from '../../src/base/connector-error.js';
import { remedyOf } from '../../src/cli/failure.js';

test.each([
  [new ConnectorError('ERR_NO_MEDIA_PORT', 'no free RTP port'), /media\.ports/],
  [Object.assign(new Error('listen EMFILE'), { code: 'EMFILE' }), /ulimit -n/],
  [Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' }), /limit of threads/],
])('what helps against %s is told', (error, remedy) => {
  expect(remedyOf(error)).toMatch(remedy);
});

test('of errors of others nobody knows what helps', () => {
  expect(remedyOf(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))).toBeUndefined();
});

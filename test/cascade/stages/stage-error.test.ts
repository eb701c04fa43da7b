import { expect, test } from 'vitest';
import { asFlavorError } from '../../../src/cascade/stages/stage-error.js';

const thrown = (fields: object): Error => Object.assign(new Error('no more of it'), fields);

test('an error of another copy of this package keeps its code', () => {
  const error = asFlavorError(thrown({ code: 'ERR_FLAVOR_QUOTA', retryable: false }));
  expect(error).toMatchObject({ code: 'ERR_FLAVOR_QUOTA', retryable: false, message: 'no more of it' });
});

test.each([
  { code: 'ECONNRESET', retryable: false },
  { code: 7, retryable: false },
  { code: 'ERR_FLAVOR_QUOTA' },
  { code: 'ERR_FLAVOR_QUOTA', retryable: 'no' },
  { retryable: false },
])('what else is thrown, %j, is named by us, and another engine may do better', (fields) => {
  expect(asFlavorError(thrown(fields))).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL', retryable: true });
});

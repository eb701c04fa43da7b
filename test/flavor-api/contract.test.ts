import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  bytesPerMs,
  bytesPerSample,
  defineFlavor,
  FlavorError,
  type FlavorErrorCode,
  type FlavorModule,
  flavorErrorCodes,
} from '../../src/flavor-api/index.js';

test('sizes of audio follow from its format', () => {
  expect(bytesPerSample('pcm16')).toBe(2);
  expect(bytesPerSample('alaw')).toBe(1);
  expect(bytesPerMs({ encoding: 'mulaw', sampleRate: 8000 })).toBe(8);
  expect(bytesPerMs({ encoding: 'pcm16', sampleRate: 24000 })).toBe(48);
});

test('the list of error codes is the whole type', () => {
  expectTypeOf<(typeof flavorErrorCodes)[number]>().toEqualTypeOf<FlavorErrorCode>();
  expect(new Set(flavorErrorCodes).size).toBe(flavorErrorCodes.length);
});

test('a flavor error keeps code, retryable and cause', () => {
  const cause = new Error('refused');
  const error = new FlavorError('ERR_FLAVOR_NETWORK', 'the provider cannot be reached', true, { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'FlavorError', code: 'ERR_FLAVOR_NETWORK', retryable: true, cause });
});

test('a zod schema is a configSchema, and its output is what create receives', () => {
  const configSchema = z.strictObject({ voice: z.string().default('slt') });
  const module = defineFlavor({
    manifest: { id: 'typed', displayName: 'Typed', apiVersion: 1, configSchema },
    create(config) {
      expectTypeOf(config).toEqualTypeOf<{ voice: string }>();
      throw new FlavorError('ERR_FLAVOR_CONFIG', 'for its types only', false);
    },
  });
  // A host holds modules of all kinds of config in one list.
  const modules: FlavorModule[] = [module];
  expect(modules[0]?.manifest.configSchema['~standard'].validate({})).toEqual({ value: { voice: 'slt' } });
});

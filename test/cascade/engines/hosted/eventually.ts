import { expect } from 'vitest';

/** How long a busy machine may take for what comes at once, ms. */
const PATIENCE_MS = 30_000;

/** Expects of something looked at again and again what it will be in the end. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: PATIENCE_MS });
}

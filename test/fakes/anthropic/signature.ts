import { createHash } from 'node:crypto';

/** What proves that a thought comes back as it was. */
export function signatureOf(thinking: string): string {
  return createHash('sha256').update(`signed:${thinking}`).digest('base64');
}

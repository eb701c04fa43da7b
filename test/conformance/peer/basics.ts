import { randomBytes } from 'node:crypto';

/** How long a message that must come is waited for, ms: generous, since a busy machine is no fault of the subject's. */
export const PATIENCE_MS = 20_000;

/** A word nobody else uses: for tags, branches, Call-IDs. */
export function token(bytes = 6): string {
  return randomBytes(bytes).toString('hex');
}

import * as z from 'zod';
import { configDefaults } from '../defaults.js';

const { sessionTimers } = configDefaults.signaling.embedded;

/** A session interval, s: RFC 4028 forbids less than 90, and a day is more than any call. */
const interval = () => z.number().int().min(90).max(86_400);

/** Keys of `sessionTimers` that mean the same for every driver; its `mode` does not. */
export const sessionTimerKeys = {
  expiresSeconds: interval()
    .default(sessionTimers.expiresSeconds)
    .describe('The session interval that request asks for, and the longest it agrees to.'),
  minSeconds: interval()
    .default(sessionTimers.minSeconds)
    .describe('The shortest session interval agreed to; less is answered 422.'),
  refresher: z
    .enum(['us', 'peer'])
    .default(sessionTimers.refresher)
    .describe('Who refreshes a session where request asks for its timer.'),
} as const;

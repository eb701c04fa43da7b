import { TIMER_TAG } from '../capabilities.js';

/** Option tags that a peer may require: RFC 3262 needs what no command of OpenSIPS can send. */
export const understoodTags: ReadonlySet<string> = new Set([TIMER_TAG]);

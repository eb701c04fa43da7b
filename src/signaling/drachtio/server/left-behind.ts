import type { ServerRequest } from './server-request.js';
import type { SrfRequest } from './srf-module.js';

/**
 * What a lost connection has left with its server, which lives perhaps, and tells nobody of these any more: their callers would hear
 * ringing, or nothing, until they hang up. Ended on the next connection with that server; a server that was started anew knows none.
 */
export interface LeftBehind {
  /** Calls that were answered, by the server's names of their dialogs. */
  readonly dialogIds: readonly string[];
  /** INVITEs of peers without a final response. */
  readonly waiting: readonly ServerRequest[];
  /** INVITEs of ours, likewise. */
  readonly ringing: readonly SrfRequest[];
}

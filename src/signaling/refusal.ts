import type { HeaderField } from './message/sip-headers.js';

/** An answer that refuses a request, and the header fields that say why. */
export interface Refusal {
  readonly status: number;
  readonly headers: readonly HeaderField[];
}

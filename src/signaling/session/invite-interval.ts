import type { SipResponse } from '../message/sip-message.js';
import { learnedInterval, type SessionTimerOptions, sessionHeaders } from './session-agreement.js';

/** How often an INVITE is sent again with a longer session interval: once for each proxy that asks for one, and no chain. */
const MAX_INTERVALS = 3;

/** The session interval that an INVITE of ours asks for, and again after a 422 (RFC 4028 section 7.3). */
export class InviteInterval {
  readonly #options: SessionTimerOptions;
  /** The largest Min-SE of a 422, s. */
  #leastSeconds = 0;
  #refusals = 0;

  constructor(options: SessionTimerOptions) {
    this.#options = options;
  }

  /** What stands in the INVITE. */
  get headers(): ReturnType<typeof sessionHeaders> {
    return sessionHeaders(this.#options, undefined, this.#leastSeconds);
  }

  /** True: it is a 422, and the INVITE is to be sent again with the interval that it names. */
  learn(response: SipResponse): boolean {
    if (response.status !== 422 || this.#options.mode === 'off') return false;
    const seconds = learnedInterval(response, this.#leastSeconds);
    this.#refusals += 1;
    if (seconds === undefined || this.#refusals > MAX_INTERVALS) return false;
    this.#leastSeconds = seconds;
    return true;
  }
}

import { ConnectorError } from '../base/connector-error.js';
import { DTMF_RELAY_TYPE } from './capabilities.js';
import type { DialogChannel } from './dialog-channel.js';
import { deadDialogEnd } from './leg-end.js';
import type { SipResponse } from './message/sip-message.js';
import type { LegEnd } from './port.js';

/** Digits of one dialog that may wait: more than any menu asks for. */
const MAX_WAITING = 64;

/** Of one digit, ms. */
const MIN_DURATION_MS = 40;
const MAX_DURATION_MS = 5_000;

/** Throws `ERR_SIP_STATE` unless `digit` is one of RFC 4733 section 3.2. The message does not repeat it. */
export function checkDigit(digit: string): void {
  if (!/^[0-9*#A-D]$/.test(digit)) throw new ConnectorError('ERR_SIP_STATE', 'this is no DTMF digit');
}

/**
 * Digits of ours by INFO (RFC 6086 section 9, legacy use), `application/dtmf-relay`. They leave one by one: over UDP a
 * second INFO could overtake the first, and the digits would change places.
 */
export class InfoSender {
  readonly #channel: DialogChannel;
  readonly #onDead: (end: LegEnd) => void;
  readonly #waiting: string[] = [];
  #busy = false;
  #closed = false;

  /** @param onDead the peer does not know the dialog, or is silent: an INFO belongs to the call (RFC 5057 section 5.3) */
  constructor(channel: DialogChannel, onDead: (end: LegEnd) => void) {
    this.#channel = channel;
    this.#onDead = onDead;
  }

  /** @param digit one that {@link checkDigit} lets pass */
  add(digit: string, durationMs: number): void {
    if (this.#closed) return;
    if (this.#waiting.length >= MAX_WAITING) throw new ConnectorError('ERR_SIP_STATE', 'too many digits wait');
    const duration = Math.min(MAX_DURATION_MS, Math.max(MIN_DURATION_MS, Math.round(durationMs)));
    this.#waiting.push(`Signal=${digit}\r\nDuration=${duration}\r\n`);
    this.#proceed();
  }

  /** The dialog is over. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  #proceed(): void {
    if (this.#busy || this.#closed) return;
    const body = this.#waiting.shift();
    if (body === undefined) return;
    this.#busy = true;
    this.#channel.send(
      { method: 'INFO', contentType: DTMF_RELAY_TYPE, body },
      {
        onResponse: (response) => this.#finish(response.status, response),
        onFailure: (reason) => this.#finish(reason),
      },
    );
  }

  /** A digit that is refused, or cannot be sent, is lost, as one in a lost packet would be; the next is tried all the same. */
  #finish(result: number | 'timeout' | 'transport', response?: SipResponse): void {
    this.#busy = false;
    if (this.#closed) return;
    const end = deadDialogEnd(result, response);
    if (end === undefined) this.#proceed();
    else this.#onDead(end);
  }
}

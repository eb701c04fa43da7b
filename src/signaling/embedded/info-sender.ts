import { ConnectorError } from '../../base/connector-error.js';
import { DTMF_RELAY_TYPE } from '../capabilities.js';
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';

/** Digits of one dialog that may wait: more than any menu asks for. */
const MAX_WAITING = 64;

/** Of one digit, ms. */
const MIN_DURATION_MS = 40;
const MAX_DURATION_MS = 5_000;

export interface InfoSenderParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
}

/** Throws `ERR_SIP_STATE` unless `digit` is one of RFC 4733 section 3.2. The message does not repeat it. */
export function checkDigit(digit: string): void {
  if (!/^[0-9*#A-D]$/.test(digit)) throw new ConnectorError('ERR_SIP_STATE', 'this is no DTMF digit');
}

/**
 * Digits of ours by INFO (RFC 6086 section 9, legacy use), `application/dtmf-relay`. They leave one by one: over UDP a
 * second INFO could overtake the first, and the digits would change places.
 */
export class InfoSender {
  readonly #parts: InfoSenderParts;
  readonly #waiting: string[] = [];
  #busy = false;
  #closed = false;

  constructor(parts: InfoSenderParts) {
    this.#parts = parts;
  }

  /** @param usable Whether the dialog takes requests now; if not, the digit is only checked. */
  add(digit: string, durationMs: number, usable: boolean): void {
    checkDigit(digit);
    if (!usable || this.#closed) return;
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
    const text = this.#waiting.shift();
    if (text === undefined) return;
    this.#busy = true;
    // A digit that cannot be sent is lost, as one in a lost packet would be; the next is tried all the same.
    const done = (): void => {
      this.#busy = false;
      this.#proceed();
    };
    const { endpoint, dialog, origin, contact } = this.#parts;
    const { request, nextHop } = dialog.createRequest('INFO');
    request.headers.append('Contact', contact);
    request.headers.append('Content-Type', DTMF_RELAY_TYPE);
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (this.#closed) return;
      if (flow === undefined) {
        queueMicrotask(done);
        return;
      }
      try {
        sendInDialog(endpoint, dialog, { ...request, body: Buffer.from(text, 'latin1') }, flow, {
          onResponse: ({ status }) => {
            if (status >= 200) done();
          },
          onFailure: done,
        });
      } catch (error) {
        queueMicrotask(done);
        throw error;
      }
    });
  }
}

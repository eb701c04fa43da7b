import { REFER_EVENT, SIPFRAG_TYPE } from '../capabilities.js';
import { parseNameAddr } from '../message/name-addr.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { Referral } from '../port.js';
import { sendInDialog } from './authorized-send.js';
import { cseqNumber, type Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';
import { finalStatus } from './offer-question.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** Said of a subscription that goes on, s. It is never refreshed, and ends with the result. */
const EXPIRES_SECONDS = 180;

export interface PeerReferralParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
  /** Answers the REFER. */
  readonly respond: (status: number, headers?: readonly (readonly [string, string])[]) => void;
  /** The dialog still lives. */
  readonly isAlive: () => boolean;
}

/** A REFER of the peer in the hands of whoever takes it, and the NOTIFYs it gets (RFC 3515). */
export class PeerReferral implements Referral {
  readonly uri: string;
  readonly referredBy: string | undefined;
  readonly #parts: PeerReferralParts;
  readonly #event: string;
  #phase: 'asked' | 'accepted' | 'over' = 'asked';

  private constructor(transaction: ServerTransaction, uri: string, parts: PeerReferralParts) {
    const { headers } = transaction.request;
    this.uri = uri;
    this.referredBy = parseNameAddr(headers.get('Referred-By') ?? '')?.uri;
    this.#event = `${REFER_EVENT};id=${cseqNumber(transaction.request) ?? 0}`;
    this.#parts = parts;
  }

  /** `undefined` without exactly one readable Refer-To: 400 (section 2.4.2). */
  static of(transaction: ServerTransaction, parts: PeerReferralParts): PeerReferral | undefined {
    const [value, ...others] = transaction.request.headers.getAll('Refer-To');
    const uri = value === undefined || others.length > 0 ? undefined : parseNameAddr(value)?.uri;
    return uri === undefined ? undefined : new PeerReferral(transaction, uri, parts);
  }

  accept(): void {
    if (this.#phase !== 'asked') return;
    this.#phase = 'accepted';
    this.#parts.respond(202, [['Contact', this.#parts.contact]]);
    this.notify(100);
  }

  reject(status = 603): void {
    if (this.#phase !== 'asked') return;
    this.#phase = 'over';
    this.#parts.respond(finalStatus(status));
  }

  notify(status: number): void {
    if (this.#phase !== 'accepted' || !this.#parts.isAlive()) return;
    const { endpoint, dialog, origin, contact } = this.#parts;
    const final = status >= 200;
    if (final) this.#phase = 'over';
    const { request, nextHop } = dialog.createRequest('NOTIFY');
    const { headers } = request;
    headers.append('Contact', contact);
    headers.append('Event', this.#event);
    headers.append('Subscription-State', final ? 'terminated;reason=noresource' : `active;expires=${EXPIRES_SECONDS}`);
    headers.append('Content-Type', `${SIPFRAG_TYPE};version=2.0`);
    const body = Buffer.from(`SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`, 'utf8');
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (flow === undefined) return;
      sendInDialog(endpoint, dialog, { ...request, body }, flow, {
        onResponse: (response) => {
          // Nobody listens (RFC 6665 section 4.2.2).
          if (response.status === 481) this.#phase = 'over';
        },
        onFailure: () => {
          this.#phase = 'over';
        },
      });
    });
  }
}

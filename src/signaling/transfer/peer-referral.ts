import { REFER_EVENT, SIPFRAG_TYPE } from '../capabilities.js';
import type { DialogChannel } from '../dialog-channel.js';
import { runGuarded } from '../leg-events.js';
import { cseqNumber } from '../message/cseq.js';
import { parseNameAddr } from '../message/name-addr.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Referral } from '../port.js';
import { finalStatus } from '../rejection.js';

/** Said of a subscription that goes on, s. It is never refreshed, and ends with the result. */
const EXPIRES_SECONDS = 180;

export interface PeerReferralParts {
  readonly channel: DialogChannel;
  /** Answers the REFER; a 2xx makes it a target refresh. */
  readonly respond: (status: number) => void;
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

  private constructor(refer: SipRequest, uri: string, parts: PeerReferralParts) {
    this.uri = uri;
    this.referredBy = parseNameAddr(refer.headers.get('Referred-By') ?? '')?.uri;
    this.#event = `${REFER_EVENT};id=${cseqNumber(refer) ?? 0}`;
    this.#parts = parts;
  }

  /** Answers a REFER: by `onRefer`, which may keep the referral, else declined (603). Nobody there, or no dialog: likewise. Malformed: 400. */
  static receive(
    refer: SipRequest,
    onRefer: ((referral: Referral) => void) | undefined,
    parts: PeerReferralParts & { readonly onFault: (error: unknown) => void },
  ): void {
    const referral = PeerReferral.#of(refer, parts);
    if (referral === undefined) {
      parts.respond(400);
      return;
    }
    if (onRefer === undefined || !parts.isAlive()) {
      parts.respond(603);
      return;
    }
    runGuarded(() => onRefer(referral), parts.onFault);
    referral.reject();
  }

  /** `undefined` without exactly one readable Refer-To: 400 (section 2.4.2). */
  static #of(refer: SipRequest, parts: PeerReferralParts): PeerReferral | undefined {
    const [value, ...others] = refer.headers.getAll('Refer-To');
    const uri = value === undefined || others.length > 0 ? undefined : parseNameAddr(value)?.uri;
    return uri === undefined ? undefined : new PeerReferral(refer, uri, parts);
  }

  accept(): void {
    if (this.#phase !== 'asked') return;
    this.#phase = 'accepted';
    this.#parts.respond(202);
    this.notify(100);
  }

  reject(status = 603): void {
    if (this.#phase !== 'asked') return;
    this.#phase = 'over';
    this.#parts.respond(finalStatus(status));
  }

  notify(status: number): void {
    if (this.#phase !== 'accepted' || !this.#parts.isAlive()) return;
    const final = status >= 200;
    if (final) this.#phase = 'over';
    const state = final ? 'terminated;reason=noresource' : `active;expires=${EXPIRES_SECONDS}`;
    this.#parts.channel.send(
      {
        method: 'NOTIFY',
        headers: [
          ['Event', this.#event],
          ['Subscription-State', state],
        ],
        contentType: `${SIPFRAG_TYPE};version=2.0`,
        body: `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`,
      },
      {
        onResponse: (response) => {
          // Nobody listens (RFC 6665 section 4.2.2).
          if (response.status === 481) this.#phase = 'over';
        },
        onFailure: () => {
          this.#phase = 'over';
        },
      },
    );
  }
}

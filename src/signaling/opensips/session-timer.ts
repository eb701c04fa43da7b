import { assertUnreachable } from '../../base/assert.js';
import { ALLOW } from '../capabilities.js';
import type { DialogChannel } from '../dialog-channel.js';
import { endText } from '../leg-end.js';
import { tokenList } from '../message/lexical.js';
import type { HeaderField, SipHeaders } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import { type RefreshOutcome, refreshOutcome } from '../session/refresh-outcome.js';
import { type SessionTimerOptions, sessionRefusal, sessionTimerDefaults } from '../session/session-agreement.js';
import { SessionInterval, type SessionIntervalParts } from '../session/session-interval.js';

/** Agreed to where the peer asks; it is to refresh where it leaves us the choice. */
const options: SessionTimerOptions = { ...sessionTimerDefaults, refresher: 'peer' };

export interface SessionTimerParts extends Omit<SessionIntervalParts, 'options' | 'aheadMs'> {
  readonly channel: DialogChannel;
}

/** 422 for an INVITE that asks for too short an interval. */
export function refuseShortSession(headers: SipHeaders): Refusal | undefined {
  return sessionRefusal(headers, options);
}

/**
 * Session timers (RFC 4028) of one session of OpenSIPS, which has none for its UA sessions. We refresh by UPDATE alone:
 * where a peer does not allow it and wants us to refresh all the same, there is no timer.
 */
export class SessionTimer extends SessionInterval {
  readonly #channel: DialogChannel;
  /** The peer allows UPDATE, or has not said what it allows. */
  #updates = true;

  constructor({ channel, ...parts }: SessionTimerParts) {
    super({ ...parts, options });
    this.#channel = channel;
  }

  override accept(headers: SipHeaders): readonly HeaderField[] {
    this.#note(headers);
    return super.accept(headers, this.#updates);
  }

  override accepted(response: SipResponse): void {
    this.#note(response.headers);
    super.accepted(response);
  }

  protected send(): void {
    const headers: readonly HeaderField[] = [['Allow', ALLOW], ...this.requestHeaders()];
    this.#channel.send(
      { method: 'UPDATE', headers },
      {
        onResponse: (response) => this.#onOutcome(refreshOutcome(response.status), response),
        onFailure: (reason) => this.#onOutcome(refreshOutcome(reason), undefined),
      },
    );
  }

  #note(headers: SipHeaders): void {
    if (headers.has('Allow')) this.#updates = tokenList(headers.getAll('Allow')).includes('UPDATE');
  }

  #onOutcome(outcome: RefreshOutcome, response: SipResponse | undefined): void {
    if (this.closed) return;
    switch (outcome.type) {
      case 'refreshed':
        if (response !== undefined) this.accepted(response);
        return;
      case 'dead': {
        const { by, status } = outcome;
        this.die({ by, status, text: endText(response) }, undefined);
        return;
      }
      case 'no-update':
        this.#updates = false;
        this.agree(undefined);
        return;
      case 'too-brief':
      case 'later':
        this.later();
        return;
      default:
        assertUnreachable(outcome);
    }
  }
}

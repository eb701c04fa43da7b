import { assertUnreachable } from '../../base/assert.js';
import { ALLOW } from '../capabilities.js';
import { endText } from '../leg-end.js';
import { parseDecimal, tokenList } from '../message/lexical.js';
import type { HeaderField, SipHeaders } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import { type RefreshOutcome, refreshOutcome } from '../session/refresh-outcome.js';
import { SessionInterval, type SessionIntervalParts } from '../session/session-interval.js';
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';

/** A longer Retry-After would outlast most intervals, s. */
const LONGEST_RETRY_SECONDS = 32;

export interface SessionTimerParts extends Pick<SessionIntervalParts, 'onDead'> {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
  /** Refreshes by a re-INVITE that offers what was agreed: for a peer that knows no UPDATE. */
  readonly refreshByInvite: () => void;
}

/** Session timers of one dialog (RFC 4028): by UPDATE, where the peer takes it. */
export class SessionTimer extends SessionInterval {
  readonly #parts: SessionTimerParts;
  /** The peer takes UPDATE. */
  #updates = false;

  constructor(parts: SessionTimerParts) {
    const { clock, random, sessionTimers } = parts.endpoint;
    super({ options: sessionTimers, clock, random, onDead: parts.onDead });
    this.#parts = parts;
  }

  override accept(headers: SipHeaders): readonly HeaderField[] {
    this.#note(headers);
    return super.accept(headers);
  }

  override accepted(response: SipResponse): void {
    this.#note(response.headers);
    super.accepted(response);
  }

  protected send(): void {
    if (this.#updates) this.#update();
    else this.#parts.refreshByInvite();
  }

  #note(headers: SipHeaders): void {
    if (headers.has('Allow')) this.#updates = tokenList(headers.getAll('Allow')).includes('UPDATE');
  }

  #update(): void {
    const { endpoint, dialog, origin, contact } = this.#parts;
    const { request, nextHop } = dialog.createRequest('UPDATE');
    request.headers.append('Contact', contact);
    request.headers.append('Allow', ALLOW);
    for (const [name, value] of this.requestHeaders()) request.headers.append(name, value);
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (this.closed) return;
      if (flow === undefined) {
        this.later();
        return;
      }
      sendInDialog(endpoint, dialog, request, flow, {
        onResponse: (response) => {
          if (response.status >= 200 && !this.closed) this.#onOutcome(refreshOutcome(response.status), response);
        },
        onFailure: (reason) => {
          if (!this.closed) this.#onOutcome(refreshOutcome(reason), undefined);
        },
      });
    });
  }

  #onOutcome(outcome: RefreshOutcome, response: SipResponse | undefined): void {
    switch (outcome.type) {
      case 'refreshed':
        if (response === undefined) return;
        this.#parts.dialog.refreshTarget(response);
        this.accepted(response);
        return;
      case 'too-brief':
        if (response !== undefined && this.learn(response)) this.refresh();
        else this.later(retryAfterMs(response));
        return;
      case 'no-update':
        this.#updates = false;
        this.refresh();
        return;
      case 'later':
        this.later(retryAfterMs(response));
        return;
      case 'dead':
        this.die({ by: outcome.by, status: outcome.status, text: endText(response) }, undefined);
        return;
      default:
        assertUnreachable(outcome);
    }
  }
}

/** What the peer asks for, within reason. */
function retryAfterMs(response: SipResponse | undefined): number | undefined {
  const retryAfter = /^[0-9]+/.exec(response?.headers.get('Retry-After') ?? '')?.[0] ?? '';
  const asked = parseDecimal(retryAfter, LONGEST_RETRY_SECONDS);
  return asked === undefined ? undefined : Math.max(asked, 1) * 1000;
}

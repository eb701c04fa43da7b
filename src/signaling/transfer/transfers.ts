import { assertUnreachable } from '../../base/assert.js';
import type { Clock, TimerHandle } from '../../base/clock.js';
import { ConnectorError } from '../../base/connector-error.js';
import type { DialogChannel } from '../dialog-channel.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { ReferRequest } from '../port.js';
import type { Refusal } from '../refusal.js';
import { type NotifyMeaning, readNotify } from './notification.js';
import { checkReferRequest, isTransferUri } from './refer-request.js';
import {
  isUnderWay,
  type ReferEffect,
  type ReferEvent,
  type ReferState,
  startRefer,
  stepRefer,
  takesNotify,
} from './refer-subscription.js';
import { referTo } from './replaces.js';

/** Transfers of one dialog that are remembered for NOTIFYs that come late. */
const MAX_REMEMBERED = 8;

interface Transfer {
  /** The REFER is on its way. */
  sent: boolean;
  /** CSeq number of the REFER, by which NOTIFYs name it; `undefined` before it is known. */
  id: string | undefined;
  state: ReferState;
  timer: TimerHandle | undefined;
}

export interface TransfersParts {
  readonly channel: DialogChannel;
  readonly clock: Clock;
  /** For the first NOTIFY, timer N of RFC 6665: 64*T1, ms. */
  readonly firstNotifyMs: number;
  /** From the first NOTIFY to the result, ms. */
  readonly resultMs: number;
  /** Our own URI in the dialog, for Referred-By. */
  readonly localUri: () => string;
  readonly onTransfer: (status: number, final: boolean) => void;
}

/** The REFERs we send in one dialog, and the NOTIFYs that answer them. */
export class Transfers {
  readonly #parts: TransfersParts;
  /** The oldest first. */
  #transfers: Transfer[] = [];
  #closed = false;

  constructor(parts: TransfersParts) {
    this.#parts = parts;
  }

  /**
   * Prepares a transfer; the function returned sends its REFER. Throws `ERR_SIP_STATE` for an unfit URI and while a
   * transfer is under way.
   */
  begin(request: ReferRequest): () => void {
    checkReferRequest(request);
    if (this.underWay) {
      throw new ConnectorError('ERR_SIP_STATE', 'a transfer is under way');
    }
    // Read now: the leg to be replaced may have ended when the REFER leaves.
    const target = referTo(request.uri, request.replaces);
    const transfer: Transfer = { sent: false, id: undefined, state: startRefer(), timer: undefined };
    this.#transfers = [...this.#transfers.slice(1 - MAX_REMEMBERED), transfer];
    return () => this.#send(transfer, target, request);
  }

  /** The result of a REFER is awaited. */
  get underWay(): boolean {
    return this.#transfers.some(({ state }) => isUnderWay(state));
  }

  /** Takes a NOTIFY and answers it by `respond`; a 200 makes it a target refresh. */
  onNotify(request: SipRequest, respond: (status: number, headers?: Refusal['headers']) => void): void {
    const meaning: NotifyMeaning = readNotify(request);
    if (meaning.type === 'refused') {
      respond(meaning.refusal.status, meaning.refusal.headers);
      return;
    }
    const { id, status, terminated } = meaning.news;
    const transfer = this.#find(id);
    respond(transfer === undefined || !takesNotify(transfer.state) ? 481 : 200);
    if (transfer !== undefined) this.#advance(transfer, { type: 'notified', status, terminated });
  }

  /** The dialog is over: nothing more is reported. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#transfers) this.#parts.clock.clearTimeout(timer);
    this.#transfers = [];
  }

  /**
   * A NOTIFY without `id` is of the oldest REFER that may still have one (RFC 3515 section 2.4.6); one with an `id` may be
   * of the REFER whose number is not known yet, since it may overtake the 202 (RFC 6665 section 4.1.2.4).
   */
  #find(id: string | undefined): Transfer | undefined {
    const sent = this.#transfers.filter((transfer) => transfer.sent);
    if (id === undefined) return sent.find(({ state }) => state.name !== 'over');
    return sent.find((transfer) => transfer.id === id) ?? sent.find((transfer) => transfer.id === undefined);
  }

  #send(transfer: Transfer, target: string, { referredBy, headers }: ReferRequest): void {
    if (this.#closed) return;
    const { channel, localUri } = this.#parts;
    const referrer = referredBy ?? localUri();
    const fields: HeaderField[] = [['Refer-To', `<${target}>`]];
    // What the peer called us by may be a URI that phones send and RFC 3986 forbids.
    if (isTransferUri(referrer)) fields.push(['Referred-By', `<${referrer}>`]);
    channel.send(
      { method: 'REFER', headers: [...fields, ...(headers ?? [])] },
      {
        onSent: (cseq) => {
          transfer.sent = true;
          if (cseq !== undefined) transfer.id = String(cseq);
        },
        onResponse: ({ status }) => this.#advance(transfer, { type: 'answered', status }),
        onFailure: (reason) => this.#advance(transfer, { type: 'lost', reason }),
      },
    );
  }

  #advance(transfer: Transfer, event: ReferEvent): void {
    if (this.#closed) return;
    const { state, effects } = stepRefer(transfer.state, event);
    transfer.state = state;
    for (const effect of effects) this.#perform(transfer, effect);
  }

  #perform(transfer: Transfer, effect: ReferEffect): void {
    const { clock, firstNotifyMs, resultMs } = this.#parts;
    switch (effect.type) {
      case 'report':
        this.#parts.onTransfer(effect.status, effect.final);
        return;
      case 'wait': {
        clock.clearTimeout(transfer.timer);
        const delayMs = effect.until === 'result' ? resultMs : firstNotifyMs;
        transfer.timer = clock.setTimeout(() => this.#advance(transfer, { type: 'timer' }), delayMs);
        return;
      }
      case 'stop-waiting':
        clock.clearTimeout(transfer.timer);
        transfer.timer = undefined;
        return;
      default:
        assertUnreachable(effect);
    }
  }
}

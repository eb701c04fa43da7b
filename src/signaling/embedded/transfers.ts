import { assertUnreachable } from '../../base/assert.js';
import type { TimerHandle } from '../../base/clock.js';
import { ConnectorError } from '../../base/connector-error.js';
import { type NotifyMeaning, readNotify } from '../notification.js';
import type { ReferRequest } from '../port.js';
import { checkReferRequest, isTransferUri } from '../refer-request.js';
import {
  isUnderWay,
  type ReferEffect,
  type ReferEvent,
  type ReferState,
  startRefer,
  stepRefer,
  takesNotify,
} from '../refer-subscription.js';
import type { Refusal } from '../refusal.js';
import { referTo } from '../replaces.js';
import { sendInDialog } from './authorized-send.js';
import { cseqNumber, type Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** Transfers of one dialog that are remembered for NOTIFYs that come late. */
const MAX_REMEMBERED = 8;

interface Transfer {
  /** CSeq number of the REFER, by which NOTIFYs name it; `undefined` before it is sent. */
  id: string | undefined;
  state: ReferState;
  timer: TimerHandle | undefined;
}

export interface TransfersParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
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
    const transfer: Transfer = { id: undefined, state: startRefer(), timer: undefined };
    this.#transfers = [...this.#transfers.slice(1 - MAX_REMEMBERED), transfer];
    return () => this.#send(transfer, target, request);
  }

  /** The result of a REFER is awaited. */
  get underWay(): boolean {
    return this.#transfers.some(({ state }) => isUnderWay(state));
  }

  /** Takes a NOTIFY and answers it by `respond`. */
  onNotify(transaction: ServerTransaction, respond: (status: number, headers?: Refusal['headers']) => void): void {
    const meaning: NotifyMeaning = readNotify(transaction.request);
    if (meaning.type === 'refused') {
      respond(meaning.refusal.status, meaning.refusal.headers);
      return;
    }
    const { id, status, terminated } = meaning.news;
    const transfer = this.#find(id);
    if (transfer === undefined || !takesNotify(transfer.state)) respond(481);
    else {
      this.#parts.dialog.refreshTarget(transaction.request);
      respond(200);
    }
    if (transfer !== undefined) this.#advance(transfer, { type: 'notified', status, terminated });
  }

  /** The dialog is over: nothing more is reported. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#transfers) this.#parts.endpoint.clock.clearTimeout(timer);
    this.#transfers = [];
  }

  /** A NOTIFY without `id` is of the oldest REFER that may still have one (RFC 3515 section 2.4.6). */
  #find(id: string | undefined): Transfer | undefined {
    return this.#transfers.find((transfer) =>
      id === undefined ? transfer.id !== undefined && transfer.state.name !== 'over' : transfer.id === id,
    );
  }

  #send(transfer: Transfer, target: string, { referredBy, headers }: ReferRequest): void {
    if (this.#closed) return;
    const { endpoint, dialog, origin, contact } = this.#parts;
    const { request, nextHop } = dialog.createRequest('REFER');
    request.headers.append('Contact', contact);
    request.headers.append('Refer-To', `<${target}>`);
    const referrer = referredBy ?? dialog.localUri;
    // What the peer called us by may be a URI that phones send and RFC 3986 forbids.
    if (isTransferUri(referrer)) request.headers.append('Referred-By', `<${referrer}>`);
    for (const [name, value] of headers ?? []) request.headers.append(name, value);
    transfer.id = String(cseqNumber(request));
    // What fails before anything was sent is told once the caller of `refer` has returned.
    const fail = () => queueMicrotask(() => this.#advance(transfer, { type: 'lost', reason: 'transport' }));
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (this.#closed) return;
      if (flow === undefined) {
        fail();
        return;
      }
      try {
        sendInDialog(endpoint, dialog, request, flow, {
          onResponse: (response) => {
            if (response.status < 200) return;
            if (response.status < 300 && !this.#closed) dialog.refreshTarget(response);
            this.#advance(transfer, { type: 'answered', status: response.status });
          },
          onFailure: (reason) => this.#advance(transfer, { type: 'lost', reason }),
          onSentAgain: (transaction) => {
            transfer.id = String(cseqNumber(transaction.request));
          },
        });
      } catch (error) {
        fail();
        throw error;
      }
    });
  }

  #advance(transfer: Transfer, event: ReferEvent): void {
    if (this.#closed) return;
    const { state, effects } = stepRefer(transfer.state, event);
    transfer.state = state;
    for (const effect of effects) this.#perform(transfer, effect);
  }

  #perform(transfer: Transfer, effect: ReferEffect): void {
    const { clock, timers, limits } = this.#parts.endpoint;
    switch (effect.type) {
      case 'report':
        this.#parts.onTransfer(effect.status, effect.final);
        return;
      case 'wait': {
        clock.clearTimeout(transfer.timer);
        const delayMs = effect.until === 'result' ? limits.transferTimeoutMs : 64 * timers.t1Ms;
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

export { checkReferRequest } from '../refer-request.js';

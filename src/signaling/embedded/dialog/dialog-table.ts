import { type DialogId, dialogIdOf, dialogKey } from '../../dialog-id.js';
import type { SipRequest } from '../../message/sip-message.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import type { Dialog } from './dialog.js';

/** Whoever takes the peer's requests in a dialog. */
export interface DialogOwner {
  /**
   * An INVITE outside of the dialog that asks to take the peer's place in it (RFC 3891 section 3), with its offer. To be
   * answered. `earlyOnly`: not where there is an established call.
   */
  onReplaces(transaction: ServerTransaction, sdp: string | undefined, earlyOnly: boolean): void;
  /** Anything but ACK and CANCEL. To be answered. */
  onRequest(transaction: ServerTransaction): void;
  /** The ACK of a 2xx. */
  onAck(ack: SipRequest): void;
}

/** All dialogs of the endpoint by Call-ID and both tags. */
export class DialogTable {
  readonly #owners = new Map<string, DialogOwner>();

  add(dialog: Dialog, owner: DialogOwner): void {
    this.#owners.set(dialogKey(dialog), owner);
  }

  remove(dialog: Dialog): void {
    this.#owners.delete(dialogKey(dialog));
  }

  /** The owner of a dialog. */
  owner(id: DialogId): DialogOwner | undefined {
    return this.#owners.get(dialogKey(id));
  }

  /** The owner of the dialog a request was sent in; `undefined` when there is none: 481. */
  find(request: SipRequest): DialogOwner | undefined {
    const id = dialogIdOf(request);
    return id === undefined ? undefined : this.#owners.get(dialogKey(id));
  }
}

import type { DialogCommands } from './dialog-commands.js';
import type { DialogId } from './dialog-id.js';
import type { DialogUser } from './dialog-user.js';
import { checkDigit } from './info-sender.js';
import { LegEvents } from './leg-events.js';
import type { LegEvent, ReferRequest } from './port.js';
import type { Offer } from './session/reoffers.js';
import { checkReferRequest } from './transfer/refer-request.js';

/** What a leg of any driver hands on to its dialog; without one, nothing is sent and a 481 is told. */
export abstract class DialogLeg {
  protected readonly events = new LegEvents((error) => this.onListenerFault(error));

  /** The dialog that the leg's user talks in: of a call of ours, the one that answered. */
  protected abstract readonly talking: DialogCommands | undefined;
  protected abstract onListenerFault(error: unknown): void;

  /** Tells what happens in a dialog as events of the leg, for as long as `isOurs` says that the leg lives in that one. */
  protected toldOf(isOurs: () => boolean = () => true): Omit<DialogUser, 'onRefer' | 'onEnded'> {
    const emit: LegEvents['emit'] = (event) => {
      if (isOurs()) this.events.emit(event);
    };
    return {
      onAcked: (sdp) => emit({ type: 'acked', sdp }),
      onOffer: (sdp, reply) => emit({ type: 'offer', sdp, reply }),
      onDigit: (digit, durationMs) => emit({ type: 'digit', digit, durationMs }),
      onTransfer: (status, final) => emit({ type: 'transfer', status, final }),
      onReoffered: (status, sdp) => emit({ type: 'reoffered', status, sdp }),
    };
  }

  get replaceableDialog(): DialogId | undefined {
    return this.talking?.replaceableDialog;
  }

  listen(listener: (event: LegEvent) => void): void {
    this.events.listen(listener);
  }

  refer(request: ReferRequest): void {
    if (this.talking !== undefined) {
      this.talking.refer(request);
      return;
    }
    checkReferRequest(request);
    this.events.emitLater({ type: 'transfer', status: 481, final: true });
  }

  reoffer(sdp: Offer): void {
    if (this.talking !== undefined) this.talking.reoffer(sdp);
    else this.events.emitLater({ type: 'reoffered', status: 481, sdp: undefined });
  }

  sendDigit(digit: string, durationMs: number): void {
    if (this.talking !== undefined) this.talking.sendDigit(digit, durationMs);
    else checkDigit(digit);
  }
}

import { ALLOW, optionsHeaders, refusedMethods } from '../capabilities.js';
import type { DialogChannel } from '../dialog-channel.js';
import { receiveInfo } from '../info-digit.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { Referral } from '../port.js';
import { PeerReferral } from '../transfer/peer-referral.js';
import type { Transfers } from '../transfer/transfers.js';
import { understoodTags } from './own-tags.js';
import { requestOf, type SessionEvent } from './session-event.js';

/** What a 200 to OPTIONS says (RFC 3261 section 11.2): reliable provisional responses are not among it here. */
const abilities = optionsHeaders(understoodTags);

export interface PeerRequestsParts {
  readonly channel: DialogChannel;
  readonly transfers: Transfers;
  readonly reply: (method: string, status: number, headers?: HeaderList) => void;
  /** The dialog stands: a 2xx was sent or received, and no BYE. */
  readonly isUp: () => boolean;
  readonly onDigit: (digit: string, durationMs: number) => void;
  readonly onRefer: ((referral: Referral) => void) | undefined;
  readonly onFault: (error: unknown) => void;
}

/** Requests of the peer inside a session that offer nothing. OpenSIPS leaves each of them to us, and waits. */
export class PeerRequests {
  readonly #parts: PeerRequestsParts;

  constructor(parts: PeerRequestsParts) {
    this.#parts = parts;
  }

  receive(event: SessionEvent): void {
    const { channel, isUp, onDigit, onFault, onRefer, reply, transfers } = this.#parts;
    const { method } = event;
    switch (method) {
      case 'INFO':
        receiveInfo(requestOf(event), (status, headers) => reply(method, status, headers), onDigit);
        return;
      case 'OPTIONS':
        reply(method, 200, abilities);
        return;
      case 'REFER':
        PeerReferral.receive(requestOf(event), onRefer, {
          channel,
          respond: (status) => reply(method, status),
          isAlive: isUp,
          onFault,
        });
        return;
      case 'NOTIFY':
        transfers.onNotify(requestOf(event), (status, headers = []) => reply(method, status, headers));
        return;
      default:
        reply(method, refusedMethods.has(method) ? 405 : 501, [['Allow', ALLOW]]);
    }
  }
}

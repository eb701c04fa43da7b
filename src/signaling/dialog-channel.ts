import type { HeaderList } from './message/sip-headers.js';
import type { SipResponse } from './message/sip-message.js';

/** A request of ours inside a dialog, as far as it is not the same for all of them. */
export interface DialogContent {
  readonly method: string;
  readonly headers?: HeaderList;
  readonly body?: string;
  /** Goes with a body. */
  readonly contentType?: string;
}

/** Whoever sent a request inside a dialog. Nothing but `onSent` is called while `send` runs. */
export interface DialogContentUser {
  /**
   * It is on its way, perhaps once more with credentials; a NOTIFY names a REFER by this number. `undefined`: somebody else
   * numbers it, and the final response tells.
   */
  onSent?(cseq: number | undefined): void;
  /** The final response. */
  onResponse(response: SipResponse): void;
  /** There will be none. */
  onFailure(reason: 'timeout' | 'transport'): void;
}

/** An INVITE of ours under way. */
export interface ChannelInvite {
  /** A provisional response came, and no final one. */
  readonly proceeding: boolean;
  cancel(): void;
  /** Waits no longer than this for the final response from now on, ms; `onFailure` follows. */
  limit(delayMs: number): void;
}

export interface ChannelInviteUser extends DialogContentUser {
  /** A provisional response. */
  onProvisional(): void;
}

/**
 * Sends requests inside one dialog, whoever keeps the dialog: CSeq, route set, target and Contact are the channel's
 * business, target refreshes too.
 */
export interface DialogChannel {
  send(content: DialogContent, user: DialogContentUser): void;
  /** A re-INVITE. The channel sends the ACK of a 2xx before the user hears of it. */
  invite(sdp: string, user: ChannelInviteUser): ChannelInvite;
}

import type { Clock, TimerHandle } from '../../base/clock.js';
import { ALLOW, SDP_TYPE } from '../capabilities.js';
import type {
  ChannelInvite,
  ChannelInviteUser,
  DialogChannel,
  DialogContent,
  DialogContentUser,
} from '../dialog-channel.js';
import type { DigestClient } from '../digest/digest-client.js';
import { cseqNumber } from '../message/cseq.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { OutgoingTransaction, RequestFailure } from './server/outgoing-request.js';
import type { SrfSession } from './server/srf-session.js';

export interface ServerChannelParts {
  readonly session: SrfSession;
  readonly clock: Clock;
  /** The server's name of the dialog. */
  readonly dialogId: () => string;
  /** Answer 401 and 407 (RFC 3261 section 22.2). */
  readonly credentials: DigestClient | undefined;
  /** What a re-INVITE says of the session's timer. */
  readonly sessionHeaders: () => HeaderList;
  /** The server does not know the dialog: a BYE or a lost timer was quicker. */
  readonly onNoDialog: () => void;
}

/** Requests inside one dialog that a drachtio server keeps. */
export class ServerChannel implements DialogChannel {
  readonly #parts: ServerChannelParts;

  constructor(parts: ServerChannelParts) {
    this.#parts = parts;
  }

  send(content: DialogContent, user: DialogContentUser): void {
    const { session, dialogId, credentials } = this.#parts;
    const exchange = credentials?.begin();
    const transmit = (authorization: HeaderList): void => {
      let sent: SipRequest | undefined;
      session.request(
        { ...content, headers: [...(content.headers ?? []), ...authorization], dialogId: dialogId() },
        {
          onSent: (request) => {
            sent = request;
            user.onSent?.(cseqNumber(request) ?? 0);
          },
          onResponse: ({ response }) => {
            if (response.status < 200) return;
            if (sent !== undefined && exchange?.challengedBy(response)) {
              transmit(credentials?.authorize(sent) ?? []);
            } else user.onResponse(response);
          },
          onFailure: (reason) => this.#fail(reason, user),
        },
      );
    };
    transmit([]);
  }

  invite(sdp: string, user: ChannelInviteUser): ChannelInvite {
    const { session, dialogId, clock, credentials, sessionHeaders } = this.#parts;
    const exchange = credentials?.begin();
    let proceeding = false;
    let limit: TimerHandle | undefined;
    const finish = () => {
      proceeding = false;
      clock.clearTimeout(limit);
    };
    const transmit = (authorization: HeaderList): OutgoingTransaction => {
      let sent: SipRequest | undefined;
      return session.request(
        {
          method: 'INVITE',
          dialogId: dialogId(),
          headers: [['Allow', ALLOW], ...sessionHeaders(), ...authorization],
          contentType: SDP_TYPE,
          body: sdp,
        },
        {
          onSent: (request) => {
            sent = request;
            user.onSent?.(cseqNumber(request) ?? 0);
          },
          onResponse: ({ response, acknowledge }) => {
            if (response.status < 200) {
              proceeding = true;
              user.onProvisional();
              return;
            }
            if (sent !== undefined && exchange?.challengedBy(response)) {
              transaction = transmit(credentials?.authorize(sent) ?? []);
              return;
            }
            finish();
            if (response.status < 300) acknowledge();
            user.onResponse(response);
          },
          onFailure: (reason) => {
            finish();
            this.#fail(reason, user);
          },
        },
      );
    };
    let transaction = transmit([]);
    return {
      get proceeding() {
        return proceeding;
      },
      cancel: () => transaction.cancel(undefined),
      limit: (delayMs) => {
        clock.clearTimeout(limit);
        limit = clock.setTimeout(() => {
          if (!proceeding) return;
          finish();
          transaction.abandon();
          user.onFailure('timeout');
        }, delayMs);
      },
    };
  }

  #fail(reason: RequestFailure, user: DialogContentUser): void {
    user.onFailure(reason === 'timeout' ? 'timeout' : 'transport');
    if (reason === 'no-dialog') this.#parts.onNoDialog();
  }
}

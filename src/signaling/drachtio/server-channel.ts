import type { Clock, TimerHandle } from '../../base/clock.js';
import { ALLOW, SDP_TYPE, TIMER_SUPPORTED } from '../capabilities.js';
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
import type { OutgoingTransaction, RequestFailure, RequestUser } from './server/outgoing-request.js';
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
    this.#transmit(content, () => [TIMER_SUPPORTED, ...(content.headers ?? [])], {
      onSent: (request) => user.onSent?.(cseqNumber(request) ?? 0),
      onResponse: ({ response }) => {
        if (response.status >= 200) user.onResponse(response);
      },
      onFailure: (reason) => this.#fail(reason, user),
    });
  }

  invite(sdp: string, user: ChannelInviteUser): ChannelInvite {
    const { clock, sessionHeaders } = this.#parts;
    let proceeding = false;
    let limit: TimerHandle | undefined;
    const finish = () => {
      proceeding = false;
      clock.clearTimeout(limit);
    };
    const content = { method: 'INVITE', contentType: SDP_TYPE, body: sdp };
    const current = this.#transmit(content, () => [['Allow', ALLOW], ...sessionHeaders()], {
      onSent: (request) => user.onSent?.(cseqNumber(request) ?? 0),
      onResponse: ({ response, acknowledge }) => {
        if (response.status < 200) {
          proceeding = true;
          user.onProvisional();
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
    });
    return {
      get proceeding() {
        return proceeding;
      },
      cancel: () => current().cancel(undefined),
      limit: (delayMs) => {
        clock.clearTimeout(limit);
        limit = clock.setTimeout(() => {
          if (!proceeding) return;
          finish();
          current().abandon();
          user.onFailure('timeout');
        }, delayMs);
      },
    };
  }

  /** Sends a request, and again with credentials where they are asked for. Returns what tells the one under way. */
  #transmit(content: DialogContent, headers: () => HeaderList, user: RequestUser): () => OutgoingTransaction {
    const { session, dialogId, credentials } = this.#parts;
    const exchange = credentials?.begin();
    const send = (authorization: HeaderList): OutgoingTransaction => {
      let sent: SipRequest | undefined;
      return session.request(
        { ...content, headers: [...headers(), ...authorization], dialogId: dialogId() },
        {
          onSent: (request) => {
            sent = request;
            user.onSent?.(request);
          },
          onResponse: (response) => {
            if (sent === undefined || !exchange?.challengedBy(response.response)) user.onResponse(response);
            else transaction = send(credentials?.authorize(sent) ?? []);
          },
          onFailure: (reason) => user.onFailure(reason),
        },
      );
    };
    let transaction = send([]);
    return () => transaction;
  }

  #fail(reason: RequestFailure, user: DialogContentUser): void {
    user.onFailure(reason === 'timeout' ? 'timeout' : 'transport');
    if (reason === 'no-dialog') this.#parts.onNoDialog();
  }
}

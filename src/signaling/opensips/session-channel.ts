import type { Clock, TimerHandle } from '../../base/clock.js';
import { ALLOW, TIMER_SUPPORTED } from '../capabilities.js';
import type {
  ChannelInvite,
  ChannelInviteUser,
  DialogChannel,
  DialogContent,
  DialogContentUser,
} from '../dialog-channel.js';
import { cseqNumber } from '../message/cseq.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import type { UaSession } from './ua-session.js';

/** Requests of ours that wait for the one before them. */
const MAX_WAITING = 64;

interface Outgoing {
  readonly content: DialogContent;
  readonly user: DialogContentUser & Partial<ChannelInviteUser>;
  timer: TimerHandle | undefined;
  sent: boolean;
  proceeding: boolean;
  /** Whoever asked has said how long the final response may take yet. */
  limited: boolean;
  over: boolean;
}

export interface SessionChannelParts {
  readonly session: UaSession;
  readonly clock: Clock;
  /** Longest wait for a final response, ms. OpenSIPS gives up before by its own fr_timeout, and says so (408). */
  readonly responseMs: number;
  /** What a re-INVITE says of the session's timer. */
  readonly sessionHeaders: () => HeaderList;
}

/**
 * Requests of ours in a session of OpenSIPS. One at a time: b2b_entities keeps one client transaction for each dialog, and
 * an event names the method it answers, not the request. While one is open, OpenSIPS meets the peer's with 491.
 */
export class SessionChannel implements DialogChannel {
  readonly #parts: SessionChannelParts;
  readonly #waiting: Outgoing[] = [];
  #current: Outgoing | undefined;
  #closed = false;

  constructor(parts: SessionChannelParts) {
    this.#parts = parts;
  }

  send(content: DialogContent, user: DialogContentUser): void {
    const { method, headers = [] } = content;
    this.#add(method === 'UPDATE' ? content : { ...content, headers: [...headers, TIMER_SUPPORTED] }, user);
  }

  invite(sdp: string, user: ChannelInviteUser): ChannelInvite {
    const headers = [['Allow', ALLOW] as const, ...this.#parts.sessionHeaders()];
    const outgoing = this.#add({ method: 'INVITE', headers, body: sdp }, user);
    return {
      get proceeding() {
        return outgoing.proceeding;
      },
      cancel: () => {
        if (this.#current === outgoing && !outgoing.over) void this.#parts.session.request('CANCEL');
      },
      limit: (delayMs) => {
        if (this.#current !== outgoing || outgoing.over) return;
        outgoing.limited = true;
        this.#wait(outgoing, delayMs);
      },
    };
  }

  /** Takes a response that OpenSIPS told of; of a request that nobody waits for it means nothing. */
  receive(method: string, response: SipResponse): void {
    const outgoing = this.#current;
    const awaited = outgoing?.sent && outgoing.content.method === method;
    // The script may leave the ACK to us (flag `d`); a second one does no harm.
    if (method === 'INVITE' && response.status >= 200 && response.status < 300) {
      void this.#parts.session.request('ACK');
    }
    if (!awaited) return;
    const { user } = outgoing;
    if (response.status < 200) {
      outgoing.proceeding = true;
      // How long somebody may ring is for whoever asked: the limit set here would end the wait before a CANCEL.
      if (method === 'INVITE' && !outgoing.limited) this.#parts.clock.clearTimeout(outgoing.timer);
      user.onProvisional?.();
      return;
    }
    user.onSent?.(cseqNumber(response) ?? 0);
    this.#finish(outgoing, () => user.onResponse(response));
  }

  /** The dialog is over: nobody is called any more. */
  close(): void {
    this.#closed = true;
    this.#parts.clock.clearTimeout(this.#current?.timer);
    this.#current = undefined;
    this.#waiting.length = 0;
  }

  #add(content: DialogContent, user: DialogContentUser): Outgoing {
    const outgoing: Outgoing = {
      content,
      user,
      timer: undefined,
      sent: false,
      proceeding: false,
      limited: false,
      over: false,
    };
    if (this.#closed || this.#waiting.length >= MAX_WAITING) {
      queueMicrotask(() => user.onFailure('transport'));
      return outgoing;
    }
    this.#waiting.push(outgoing);
    queueMicrotask(() => this.#proceed());
    return outgoing;
  }

  #proceed(): void {
    if (this.#current !== undefined || this.#closed) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#current = next;
    void this.#transmit(next);
  }

  async #transmit(outgoing: Outgoing): Promise<void> {
    const { method, ...content } = outgoing.content;
    outgoing.sent = true;
    // What follows from it may be told of before its response: the processes of OpenSIPS do not wait for one another.
    outgoing.user.onSent?.(undefined);
    this.#wait(outgoing, this.#parts.responseMs);
    const outcome = await this.#parts.session.request(method, content);
    // Lost may mean sent: the response, or its absence, tells.
    if (outcome.type === 'refused') this.#finish(outgoing, () => outgoing.user.onFailure('transport'));
  }

  #wait(outgoing: Outgoing, delayMs: number): void {
    const { clock } = this.#parts;
    clock.clearTimeout(outgoing.timer);
    outgoing.timer = clock.setTimeout(() => {
      this.#finish(outgoing, () => outgoing.user.onFailure('timeout'));
    }, delayMs);
  }

  #finish(outgoing: Outgoing, tell: () => void): void {
    if (outgoing.over || this.#closed) return;
    outgoing.over = true;
    this.#parts.clock.clearTimeout(outgoing.timer);
    if (this.#current === outgoing) this.#current = undefined;
    tell();
    this.#proceed();
  }
}

import { assertUnreachable } from '../../base/assert.js';
import type { TimerHandle } from '../../base/clock.js';
import { RELIABLE_TAG, SDP_TYPE } from '../capabilities.js';
import { cseqNumber } from '../message/cseq.js';
import { hasOptionTag } from '../message/lexical.js';
import { parseRAck } from '../message/rack.js';
import type { ResponseOptions } from '../message/response-builder.js';
import type { OfferReply } from '../port.js';
import type { OfferQuestion } from '../session/offer-question.js';
import { readSessionBody } from '../session/session-body.js';
import { questionIn } from './cancellable-question.js';
import {
  type ReliableEffect,
  type ReliableEvent,
  type ReliableState,
  startReliable,
  stepReliable,
} from './dialog/reliable-provisional.js';
import type { Endpoint } from './endpoint.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** RFC 3262 section 3: first numbers are random; half the range leaves room to count on. */
const RSEQ_RANGE = 2 ** 30;

/** What the user wants the caller to hear of. */
interface Ringing {
  readonly status: number;
  readonly sdp: string | undefined;
}

export interface ProvisionalsParts {
  readonly endpoint: Endpoint;
  readonly invite: ServerTransaction;
  /** The INVITE carried an offer. */
  readonly offered: boolean;
  /** Sends a provisional response of the INVITE. */
  readonly send: (status: number, options: ResponseOptions) => void;
  /** Answers another request of the dialog. */
  readonly respond: (transaction: ServerTransaction, status: number, options?: ResponseOptions) => void;
  /** A PRACK carried an offer. */
  readonly onOffer: (sdp: string, reply: OfferReply) => void;
  /** A reliable response answered the caller's offer: the session stands before the 2xx. */
  readonly onAnswered: (answer: string) => void;
  /** No PRACK for 64*T1: the INVITE is to be refused. */
  readonly onLost: () => void;
}

/**
 * The provisional responses to one INVITE of the peer. Reliable (RFC 3262) wherever the peer can take that; but not in
 * answer to an INVITE without an offer, where the first reliable response would have to carry ours (section 5): there
 * they are sent as ever, and where the peer takes none but reliable ones, not at all.
 */
export class Provisionals {
  readonly #parts: ProvisionalsParts;
  readonly #mode: 'plain' | 'reliable' | 'none';
  #state: ReliableState;
  #last: Ringing | undefined;
  /** Waits for the PRACK of the one before; of several the last. */
  #held: Ringing | undefined;
  /** 2xx that waits for a PRACK. */
  #heldSuccess: (() => void) | undefined;
  /** The answer that a reliable response carried. */
  #answer: string | undefined;
  #timer: TimerHandle | undefined;
  #repetition: TimerHandle | undefined;
  #question: OfferQuestion | undefined;

  constructor(parts: ProvisionalsParts) {
    const { headers } = parts.invite.request;
    this.#parts = parts;
    const required = hasOptionTag(headers.getAll('Require'), RELIABLE_TAG);
    const able = required || hasOptionTag(headers.getAll('Supported'), RELIABLE_TAG);
    if (able && parts.offered) this.#mode = 'reliable';
    else this.#mode = required ? 'none' : 'plain';
    this.#state = startReliable(this.#mode === 'reliable' ? 1 + parts.endpoint.random.integer(RSEQ_RANGE) : 1);
  }

  /** A PRACK may come. */
  get reliable(): boolean {
    return this.#mode === 'reliable';
  }

  /**
   * Whether the 2xx may carry this description: RFC 3261 section 13.2.1 lets it repeat the answer that a reliable
   * response gave, word for word, and nothing else.
   */
  mayRepeat(sdp: string): boolean {
    return this.#answer === undefined || this.#answer === sdp;
  }

  ring(status: 180 | 183, sdp: string | undefined): void {
    if (this.#mode === 'none') return;
    this.#last = { status, sdp };
    if (this.#mode === 'plain') {
      this.#parts.send(status, descriptionOf(sdp));
      this.#repeatLater();
      return;
    }
    this.#held = this.#last;
    this.#advance({ type: 'provisional', described: sdp !== undefined && this.#answer === undefined });
  }

  /** Calls `send`, which sends the 2xx, now or as soon as it may leave. */
  succeed(send: () => void): void {
    this.#heldSuccess = send;
    this.#advance({ type: 'success' });
  }

  /** Answers a PRACK. */
  receive(prack: ServerTransaction): void {
    const { invite, respond } = this.#parts;
    const rack = parseRAck(prack.request.headers.get('RAck') ?? '');
    if (rack === undefined) {
      respond(prack, 400);
      return;
    }
    if (rack.method !== 'INVITE' || rack.cseq !== cseqNumber(invite.request)) {
      respond(prack, 481);
      return;
    }
    this.#advance({ type: 'prack', rseq: rack.rseq }, prack);
  }

  /** The INVITE has a final response, or the call is over. PRACKs that come late are still answered. */
  close(): void {
    const { clock } = this.#parts.endpoint;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#repetition);
    this.#timer = undefined;
    this.#repetition = undefined;
    this.#held = undefined;
    this.#heldSuccess = undefined;
    this.#question?.refuse(487);
  }

  #advance(event: ReliableEvent, prack?: ServerTransaction): void {
    const { state, effects } = stepReliable(this.#state, event, this.#parts.endpoint.timers);
    this.#state = state;
    for (const effect of effects) this.#perform(effect, prack);
  }

  #perform(effect: ReliableEffect, prack: ServerTransaction | undefined): void {
    const { endpoint, invite, respond, onLost } = this.#parts;
    switch (effect.type) {
      case 'send':
        this.#send(effect.rseq);
        return;
      case 'repeat':
        invite.repeatResponse();
        return;
      case 'wait':
        this.#timer = endpoint.clock.setTimeout(() => this.#advance({ type: 'timer' }), effect.delayMs);
        return;
      case 'stop-waiting':
        endpoint.clock.clearTimeout(this.#timer);
        return;
      case 'hold':
        // It waits where `ring` or `succeed` has put it.
        return;
      case 'acknowledged':
        if (prack !== undefined) this.#acknowledge(prack);
        return;
      case 'unknown':
        if (prack !== undefined) respond(prack, 481);
        return;
      case 'release': {
        const send = this.#heldSuccess;
        this.close();
        send?.();
        return;
      }
      case 'give-up':
        onLost();
        return;
      default:
        assertUnreachable(effect);
    }
  }

  #send(rseq: number): void {
    const ringing = this.#held;
    if (ringing === undefined) return;
    this.#held = undefined;
    // Once the answer is out, later responses describe nothing (RFC 6337 section 2.2).
    const sdp = this.#answer === undefined ? ringing.sdp : undefined;
    this.#answer ??= sdp;
    if (sdp !== undefined) this.#parts.onAnswered(sdp);
    const headers = [
      ['Require', RELIABLE_TAG],
      ['RSeq', String(rseq)],
    ] as const;
    this.#parts.send(ringing.status, { headers, ...descriptionOf(sdp) });
    this.#repeatLater();
  }

  /** 200 to the PRACK, with an answer where it carried an offer; then whatever waited for it. */
  #acknowledge(prack: ServerTransaction): void {
    const { endpoint, respond, onOffer } = this.#parts;
    const body = readSessionBody(prack.request);
    if (body.type === 'refused') respond(prack, body.refusal.status, { headers: body.refusal.headers });
    else if (body.type === 'none') respond(prack, 200);
    else if (this.#answer === undefined || this.#question !== undefined) {
      // An offer of theirs is unanswered still.
      respond(prack, 488);
    } else {
      this.#question = questionIn(prack, {
        clock: endpoint.clock,
        onOffer: (_, reply) => onOffer(body.sdp, reply),
        accept: (answer) => {
          respond(prack, 200, descriptionOf(answer));
          this.#proceed();
        },
        refuse: (status, rejection) => {
          respond(prack, status, rejection);
          this.#proceed();
        },
        onSettled: () => {
          this.#question = undefined;
        },
      });
      this.#question.ask(body.sdp);
      return;
    }
    this.#proceed();
  }

  #proceed(): void {
    if (this.#heldSuccess !== undefined) this.#advance({ type: 'success' });
    else if (this.#held !== undefined) {
      const described = this.#held.sdp !== undefined && this.#answer === undefined;
      this.#advance({ type: 'provisional', described });
    }
  }

  /** So that proxies keep waiting: the response again (RFC 3261 section 13.3.1.1), a reliable one under a new number. */
  #repeatLater(): void {
    const { endpoint, invite } = this.#parts;
    const { clock, limits } = endpoint;
    clock.clearTimeout(this.#repetition);
    this.#repetition = clock.setTimeout(() => {
      if (this.#mode === 'plain') {
        invite.repeatResponse();
        this.#repeatLater();
      } else if (this.#last !== undefined && this.#held === undefined) {
        this.#held = this.#last;
        this.#proceed();
      }
    }, limits.ringRepeatMs);
  }
}

/** For a PRACK of an INVITE that has sent nothing to be acknowledged by one. */
export function strayPrackStatus(prack: ServerTransaction): 400 | 481 {
  return parseRAck(prack.request.headers.get('RAck') ?? '') === undefined ? 400 : 481;
}

function descriptionOf(sdp: string | undefined): Pick<ResponseOptions, 'contentType' | 'body'> {
  return sdp === undefined ? {} : { contentType: SDP_TYPE, body: sdp };
}

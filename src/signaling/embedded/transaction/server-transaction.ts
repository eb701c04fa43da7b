import { assertUnreachable } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import type { SipRequest, SipResponse } from '../../message/sip-message.js';
import { serializeMessage } from '../../message/sip-serializer.js';
import type { SipFlow, SipTransport } from '../transport/sip-transport.js';
import {
  type InviteServerEvent,
  type InviteServerState,
  startInviteServer,
  stepInviteServer,
} from './invite-server.js';
import { type NonInviteServerState, startNonInviteServer, stepNonInviteServer } from './non-invite-server.js';
import { responseFlow } from './response-route.js';
import { responseClass, type Step } from './step.js';
import type { TimerValues } from './timer-values.js';
import { TransactionTimers } from './transaction-timers.js';

/** Why a request that can be answered is not what it should be. */
export interface Malformation {
  readonly status: number;
  readonly reason: string;
}

/** A request as the transaction layer hands it on. */
export interface ReceivedRequest {
  /** Top Via stamped with `received` and `rport`. */
  readonly request: SipRequest;
  /** The flow it came in by. */
  readonly source: SipFlow;
  /** The listening socket it came in by; answers and requests of its dialog leave from there. */
  readonly transport: SipTransport;
  /** {@link Clock.now} at arrival. */
  readonly receivedAtMs: number;
  /** Set when the parser found the request malformed: it is to be refused with this status. */
  readonly malformed: Malformation | undefined;
}

export interface ServerTransactionDeps {
  readonly clock: Clock;
  readonly timers: TimerValues;
  /** A final response was sent that leaves nothing but retransmissions to wait for: any but the 2xx of an INVITE. */
  readonly onFinished: () => void;
  /** Called once, when the transaction may be forgotten. */
  readonly onTerminated: () => void;
}

interface WrittenResponse {
  readonly status: number;
  readonly bytes: Buffer;
}

/** Carries out an INVITE or non-INVITE server transaction: the pure machine's effects on real timers and flows. */
export class ServerTransaction implements ReceivedRequest {
  readonly request: SipRequest;
  readonly source: SipFlow;
  readonly transport: SipTransport;
  readonly receivedAtMs: number;
  readonly malformed: Malformation | undefined;
  /** A CANCEL came while no final response was sent. The 200 to the CANCEL is on its way already. */
  onCancel: ((cancel: SipRequest) => void) | undefined;
  /** INVITE: the ACK of an error response has come, or will not: the transaction is `confirmed` or over. */
  onSettled: (() => void) | undefined;
  /** The To tag of our responses, remembered for the 200 to a CANCEL (RFC 3261 section 9.2). */
  toTag: string | undefined;
  /**
   * The peer has not shown yet who it is, and its source may be forged: an error response to its INVITE goes out once, and
   * again only for an INVITE that comes again. Repeated by timer it would make eleven of one (RFC 3261 section 26.3.2.4).
   */
  unproven = false;
  readonly #deps: ServerTransactionDeps;
  readonly #timers: TransactionTimers;
  #invite: InviteServerState | undefined;
  #nonInvite: NonInviteServerState | undefined;
  #lastResponse: Buffer | undefined;
  #finalStatus = 0;
  #replyTo: { readonly source: SipFlow; readonly transport: SipTransport };

  constructor(received: ReceivedRequest, deps: ServerTransactionDeps) {
    this.request = received.request;
    this.source = received.source;
    this.transport = received.transport;
    this.receivedAtMs = received.receivedAtMs;
    this.malformed = received.malformed;
    this.#replyTo = received;
    this.#deps = deps;
    this.#timers = new TransactionTimers(deps.clock, (timer) => this.#advance({ type: 'timer', timer }));
    if (received.request.method === 'INVITE') this.#invite = startInviteServer();
    else this.#nonInvite = startNonInviteServer();
  }

  /** The final status sent, 0 while there is none. */
  get finalStatus(): number {
    return this.#finalStatus;
  }

  /** True from a 2xx to an INVITE until timer L: the transaction hands on ACKs and sends further 2xx. */
  get accepted(): boolean {
    return this.#invite?.name === 'accepted';
  }

  /**
   * Sends a response, unless the machine's state forbids it (a final one went out already). Throws `ERR_SIP_MESSAGE`
   * when it cannot be written.
   */
  respond(response: SipResponse): void {
    const { status } = response;
    // Written before anything has changed: where that fails, another response may still be sent.
    this.#advance({ type: 'respond', class: responseClass(status) }, { status, bytes: serializeMessage(response) });
  }

  /** Sends the last response again: a 2xx to an INVITE is repeated by its user (RFC 3261 section 13.3.1.4). */
  repeatResponse(): void {
    if (this.#lastResponse === undefined) return;
    // Asked anew each time: a TCP connection may have closed meanwhile.
    responseFlow(this.request.headers, this.#replyTo.source, this.#replyTo.transport).send(this.#lastResponse);
  }

  /**
   * The same request came again. Answers go to where it came from this time: a NAT may have moved the peer to another
   * port, or a TCP peer have connected anew.
   */
  receiveRetransmission(source: SipFlow, transport: SipTransport): void {
    this.#replyTo = { source, transport };
    this.#advance({ type: 'retransmission' });
  }

  /** An ACK matched this INVITE. Returns true when it acknowledges a 2xx and so is its user's. */
  receiveAck(): boolean {
    return this.#advance({ type: 'ack' });
  }

  /** Ends the transaction before its time: retransmissions will be taken for new requests. */
  abandon(): void {
    const settled = this.onSettled;
    this.dispose();
    this.#deps.onTerminated();
    settled?.();
  }

  /** Stops all timers and forgets everything, whatever the state. */
  dispose(): void {
    this.#timers.stopAll();
    this.onCancel = undefined;
    this.onSettled = undefined;
  }

  #advance(event: InviteServerEvent, response?: WrittenResponse): boolean {
    const step = this.#step(event);
    if (step === undefined) return false;
    let delivered = false;
    for (const effect of step.effects) {
      switch (effect.type) {
        case 'send':
          if (response !== undefined) this.#send(response);
          break;
        case 'resend':
          this.repeatResponse();
          break;
        case 'deliver':
          delivered = true;
          break;
        case 'start':
          this.#timers.start(effect.timer, effect.delayMs);
          break;
        case 'stop':
          this.#timers.stop(effect.timer);
          break;
        case 'fail':
        case 'acknowledge':
          // A missing ACK of an error response concerns nobody; ACKs are sent by clients only.
          break;
        default:
          assertUnreachable(effect);
      }
    }
    if (step.state.name === 'terminated') this.abandon();
    else if (step.state.name === 'confirmed') this.onSettled?.();
    return delivered;
  }

  #step(event: InviteServerEvent): Step<InviteServerState | NonInviteServerState> | undefined {
    const { timers } = this.#deps;
    if (this.#invite !== undefined) {
      if (this.#invite.name === 'terminated') return undefined;
      const step = stepInviteServer(this.#invite, event, this.unproven ? { ...timers, retransmits: false } : timers);
      this.#invite = step.state;
      return step;
    }
    if (this.#nonInvite === undefined || this.#nonInvite.name === 'terminated' || event.type === 'ack')
      return undefined;
    const step = stepNonInviteServer(this.#nonInvite, event, timers);
    this.#nonInvite = step.state;
    return step;
  }

  #send({ status, bytes }: WrittenResponse): void {
    this.#lastResponse = bytes;
    this.repeatResponse();
    if (status < 200) return;
    this.#finalStatus = status;
    if (!this.accepted) this.#deps.onFinished();
  }
}

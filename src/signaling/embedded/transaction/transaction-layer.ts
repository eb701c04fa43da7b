import { createHmac } from 'node:crypto';
import { assertUnreachable } from '../../../base/assert.js';
import type { Clock } from '../../../base/clock.js';
import { errorMessage } from '../../../base/connector-error.js';
import type { Random } from '../../../base/random.js';
import { mergeKeyOf, toTagOf } from '../../dialog-id.js';
import { splitList } from '../../message/lexical.js';
import { createResponse, type ResponseOptions } from '../../message/response-builder.js';
import { SipHeaders } from '../../message/sip-headers.js';
import type { ParsedMessage, SipRequest, SipResponse } from '../../message/sip-message.js';
import { serializeMessage } from '../../message/sip-serializer.js';
import { serializeVia, stampVia, topVia } from '../../message/via.js';
import type { SipFlow, SipTransport } from '../transport/sip-transport.js';
import { ClientTransaction, type ClientTransactionUser } from './client-transaction.js';
import { responseFlow } from './response-route.js';
import { type ReceivedRequest, ServerTransaction } from './server-transaction.js';
import { type TimerOptions, type TimerValues, timerDefaults, timerValues } from './timer-values.js';
import { clientTransactionKey, MAGIC_COOKIE, responseTransactionKey, serverTransactionKey } from './transaction-key.js';

/** A stream in place of a datagram flow. */
export interface LargeRequestFlow {
  readonly flow: SipFlow;
  /** The peer did not take it; the request goes over UDP. */
  onRefused(): void;
}

/** The user agent core above the transactions. */
export interface TransactionUser {
  /** A new request; never ACK, and CANCEL only when malformed. It is to be answered by {@link ServerTransaction.respond}. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK that belongs to no error response of ours: of a 2xx, or stray. */
  onAck(ack: SipRequest, source: SipFlow): void;
}

export interface TransactionLayerOptions {
  readonly timers: TimerOptions;
  /**
   * Live server transactions. Beyond, those that only wait for retransmissions end early, the oldest first. Where there
   * are none, nothing is remembered of further requests (RFC 3261 section 8.2.7): an INVITE gets 503, any other is
   * answered as usual.
   */
  readonly maxServerTransactions: number;
  /** The same limit in bytes of the requests, as received: 16,384 of them could be 64 KB each. */
  readonly maxServerBytes: number;
  /** Retry-After of that 503, seconds. */
  readonly overloadRetryAfterSeconds: number;
}

export const transactionLayerDefaults = {
  timers: timerDefaults,
  maxServerTransactions: 16_384,
  maxServerBytes: 32 << 20,
  overloadRetryAfterSeconds: 5,
} as const satisfies TransactionLayerOptions;

export interface TransactionLayerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly user: TransactionUser;
  /** What stands in the sent-by of our Via on this flow. */
  readonly sentBy: (flow: SipFlow) => { readonly host: string; readonly port: number };
  /** A stream to the same peer, for a request too large for the datagram flow; absent: there is none. */
  readonly streamFor?: (flow: SipFlow) => LargeRequestFlow | undefined;
  /** A response to a request of ours came over this flow; called before its transaction takes it. */
  readonly onResponse?: (flow: SipFlow, response: SipResponse) => void;
  /** Something in the code above threw; the peer was answered 500. */
  readonly onFault: (message: string) => void;
}

/**
 * Brings messages to their transactions (RFC 3261 sections 17.1.3 and 17.2.3): retransmissions are absorbed, ACKs and
 * CANCELs find their INVITE, merged requests are refused, stray responses dropped (RFC 6026 section 8.8).
 */
export class TransactionLayer {
  readonly #options: TransactionLayerOptions;
  readonly #deps: TransactionLayerDeps;
  readonly #datagramTimers: TimerValues;
  readonly #streamTimers: TimerValues;
  readonly #servers = new Map<string, ServerTransaction>();
  /** Those of them that only wait for retransmissions, the oldest first. */
  readonly #finished = new Set<ServerTransaction>();
  readonly #merges = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  /** Makes the To tags of stateless responses equal for retransmissions and unguessable (section 8.2.7). */
  readonly #tagSecret: string;
  #serverBytes = 0;
  #closed = false;

  constructor(deps: TransactionLayerDeps, options: TransactionLayerOptions = transactionLayerDefaults) {
    this.#options = options;
    this.#deps = deps;
    this.#datagramTimers = timerValues(options.timers, false);
    this.#streamTimers = timerValues(options.timers, true);
    this.#tagSecret = deps.random.hex(16);
  }

  /** Live transactions, for tests and figures. */
  get size(): { readonly servers: number; readonly clients: number } {
    return { servers: this.#servers.size, clients: this.#clients.size };
  }

  /** Takes what the parser made of one message of `bytes` from a flow of that transport. Never throws. */
  receive(transport: SipTransport, source: SipFlow, parsed: ParsedMessage, bytes: number): void {
    if (this.#closed) return;
    const receivedAtMs = this.#deps.clock.now();
    switch (parsed.type) {
      case 'discard':
        return;
      case 'malformed': {
        const malformed = { status: parsed.status, reason: parsed.reason };
        this.#receiveRequest({ request: parsed.request, source, transport, receivedAtMs, malformed }, bytes);
        return;
      }
      case 'message':
        if (parsed.message.kind === 'response') this.#receiveResponse(parsed.message);
        else {
          const { message: request } = parsed;
          this.#receiveRequest({ request, source, transport, receivedAtMs, malformed: undefined }, bytes);
        }
        return;
      default:
        assertUnreachable(parsed);
    }
  }

  /**
   * Sends a request in a new client transaction, with a new Via on top unless it has one (a CANCEL carries its
   * INVITE's). Throws `ERR_SIP_MESSAGE` when the request cannot be written.
   */
  send(request: SipRequest, flow: SipFlow, user: ClientTransactionUser): ClientTransaction {
    const isNew = !request.headers.has('Via');
    if (isNew) this.#prependVia(request, flow);
    const key = clientTransactionKey(topVia(request.headers)?.branch ?? '', request.method);
    const stream = isNew && isTooLarge(request, flow) ? this.#deps.streamFor?.(flow) : undefined;
    const deps = {
      clock: this.#deps.clock,
      user: guarded(user, this.#deps.onFault),
      onTerminated: () => this.#clients.delete(key),
    };
    const transaction =
      stream === undefined
        ? new ClientTransaction(request, flow, { timers: this.#timersOf(flow), ...deps })
        : new ClientTransaction(this.#overStream(request, stream.flow), stream.flow, {
            timers: this.#streamTimers,
            fallback: { request, flow, timers: this.#datagramTimers, onTaken: () => stream.onRefused() },
            ...deps,
          });
    this.#clients.set(key, transaction);
    transaction.start();
    return transaction;
  }

  /**
   * Sends the ACK of a 2xx, which is a transaction of its own without timers (RFC 3261 section 13.2.2.4). Returns the
   * bytes, to be sent again for every retransmission of the 2xx. Throws `ERR_SIP_MESSAGE` when it cannot be written.
   */
  sendAck(ack: SipRequest, flow: SipFlow): Buffer {
    this.#prependVia(ack, flow);
    const bytes = serializeMessage(ack);
    flow.send(bytes);
    return bytes;
  }

  /** Stops every timer and forgets every transaction; nothing is sent. */
  close(): void {
    this.#closed = true;
    for (const transaction of this.#servers.values()) transaction.dispose();
    for (const transaction of this.#clients.values()) transaction.dispose();
    this.#servers.clear();
    this.#finished.clear();
    this.#merges.clear();
    this.#clients.clear();
  }

  #timersOf(flow: SipFlow): TimerValues {
    return flow.reliable ? this.#streamTimers : this.#datagramTimers;
  }

  /** The same request with the Via of the other transport, and the branch as it was. */
  #overStream(request: SipRequest, flow: SipFlow): SipRequest {
    const headers = new SipHeaders();
    for (const [name, value] of request.headers) headers.append(name, value);
    const branch = topVia(request.headers)?.branch ?? '';
    const via = {
      transport: flow.protocol.toUpperCase(),
      ...this.#deps.sentBy(flow),
      params: new Map([['branch', branch]]),
    };
    headers.replaceFirst('Via', serializeVia(via));
    return { ...request, headers };
  }

  #prependVia(request: SipRequest, flow: SipFlow): void {
    const params = new Map([['branch', `${MAGIC_COOKIE}${this.#deps.random.hex(12)}`]]);
    if (!flow.reliable) params.set('rport', '');
    const via = { transport: flow.protocol.toUpperCase(), ...this.#deps.sentBy(flow), params };
    request.headers.prepend('Via', serializeVia(via));
  }

  #receiveResponse(response: SipResponse): void {
    // RFC 3261 section 8.1.3.3: a second Via means that the response went astray.
    const vias = response.headers.getAll('Via');
    if (vias.length !== 1 || splitList(vias[0] ?? '').length !== 1) return;
    const key = responseTransactionKey(response);
    const client = key === undefined ? undefined : this.#clients.get(key);
    if (client === undefined) return;
    this.#deps.onResponse?.(client.flow, response);
    client.receive(response);
  }

  #receiveRequest(received: ReceivedRequest, bytes: number): void {
    const { request, source } = received;
    stampVia(request.headers, source.remote);
    const key = serverTransactionKey(request, request.method);
    if (request.method === 'ACK') {
      if (received.malformed === undefined) this.#receiveAck(request, source);
      return;
    }
    if (key === undefined) {
      const status = received.malformed?.status ?? 400;
      this.#respondStateless(received, status, { toTag: this.#deps.random.hex(8) });
      return;
    }
    const known = this.#servers.get(key);
    if (known !== undefined) {
      known.receiveRetransmission(source, received.transport);
      return;
    }
    const overloaded = this.#makeRoom();
    if (overloaded && request.method === 'INVITE') {
      this.#refuseOverload(received, key);
      return;
    }
    const transaction = overloaded ? this.#openForgotten(received) : this.#open(received, key, bytes);
    if (received.malformed !== undefined) this.#handOver(transaction);
    else if (request.method === 'CANCEL') this.#cancel(transaction);
    else this.#handOverUnlessMerged(transaction);
  }

  #receiveAck(ack: SipRequest, source: SipFlow): void {
    const inviteKey = serverTransactionKey(ack, 'INVITE');
    const invite = inviteKey === undefined ? undefined : this.#servers.get(inviteKey);
    if (invite !== undefined && !invite.receiveAck()) return;
    this.#guard(() => this.#deps.user.onAck(ack, source));
  }

  /** Returns whether there is none. */
  #makeRoom(): boolean {
    const { maxServerTransactions, maxServerBytes } = this.#options;
    const full = () => this.#servers.size >= maxServerTransactions || this.#serverBytes >= maxServerBytes;
    for (const oldest of this.#finished) {
      if (!full()) return false;
      oldest.abandon();
    }
    return full();
  }

  #refuseOverload(received: ReceivedRequest, key: string): void {
    const toTag = createHmac('sha256', this.#tagSecret).update(key).digest('hex').slice(0, 16);
    const retryAfter = String(this.#options.overloadRetryAfterSeconds);
    this.#respondStateless(received, 503, { toTag, headers: [['Retry-After', retryAfter]] });
  }

  #respondStateless(received: ReceivedRequest, status: number, options: ResponseOptions): void {
    this.#guard(() => {
      const bytes = serializeMessage(createResponse(received.request, status, options));
      responseFlow(received.request.headers, received.source, received.transport).send(bytes);
    });
  }

  #open(received: ReceivedRequest, key: string, bytes: number): ServerTransaction {
    const merge = received.malformed === undefined ? mergeableKey(received.request) : undefined;
    const mergeNoMore = (): void => {
      if (merge !== undefined && this.#merges.get(merge) === transaction) this.#merges.delete(merge);
    };
    const transaction: ServerTransaction = new ServerTransaction(received, {
      clock: this.#deps.clock,
      timers: received.source.reliable ? this.#streamTimers : this.#datagramTimers,
      onFinished: () => {
        this.#finished.add(transaction);
        // A proxy that tries one target after the other (RFC 3261 section 16.6) may come back to us with the next.
        mergeNoMore();
      },
      onTerminated: () => {
        this.#servers.delete(key);
        this.#finished.delete(transaction);
        this.#serverBytes -= bytes;
        mergeNoMore();
      },
    });
    this.#servers.set(key, transaction);
    this.#serverBytes += bytes;
    if (merge !== undefined && !this.#merges.has(merge)) this.#merges.set(merge, transaction);
    return transaction;
  }

  /** A transaction that ends with its answer and is found by nobody. */
  #openForgotten(received: ReceivedRequest): ServerTransaction {
    return new ServerTransaction(received, {
      clock: this.#deps.clock,
      timers: this.#streamTimers,
      onFinished: () => {},
      onTerminated: () => {},
    });
  }

  #handOverUnlessMerged(transaction: ServerTransaction): void {
    const merge = mergeableKey(transaction.request);
    const first = merge === undefined ? undefined : this.#merges.get(merge);
    if (first === undefined || first === transaction) this.#handOver(transaction);
    else this.#refuse(transaction, 482);
  }

  #cancel(transaction: ServerTransaction): void {
    const { request } = transaction;
    const inviteKey = serverTransactionKey(request, 'INVITE');
    const invite = inviteKey === undefined ? undefined : this.#servers.get(inviteKey);
    if (invite === undefined) {
      this.#refuse(transaction, 481);
      return;
    }
    this.#guard(() => {
      transaction.respond(createResponse(request, 200, { toTag: invite.toTag ?? this.#deps.random.hex(8) }));
      if (invite.finalStatus === 0) invite.onCancel?.(request);
    });
  }

  #refuse(transaction: ServerTransaction, status: number): void {
    const toTag = this.#deps.random.hex(8);
    this.#guard(() => transaction.respond(createResponse(transaction.request, status, { toTag })));
  }

  #handOver(transaction: ServerTransaction): void {
    if (this.#guard(() => this.#deps.user.onRequest(transaction)) || transaction.finalStatus !== 0) return;
    this.#refuse(transaction, 500);
  }

  /** Runs code that a hostile message must not make throw through to the socket; returns whether it did not. */
  #guard(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#deps.onFault(errorMessage(error));
      return false;
    }
  }
}

/** RFC 3261 section 18.1.1, with the path's MTU unknown: a larger request over UDP would be fragmented, bytes. */
const LARGEST_DATAGRAM_REQUEST = 1_300;

function isTooLarge(request: SipRequest, flow: SipFlow): boolean {
  return flow.protocol === 'udp' && serializeMessage(request).length > LARGEST_DATAGRAM_REQUEST;
}

/**
 * RFC 3261 section 8.2.2.2 applies to every request without To tag. OPTIONS is spared: it leaves no state behind, and
 * monitors ping for ever with one Call-ID and CSeq.
 */
function mergeableKey(request: SipRequest): string | undefined {
  const { method } = request;
  return method === 'OPTIONS' || method === 'CANCEL' || toTagOf(request) !== undefined
    ? undefined
    : mergeKeyOf(request);
}

function guarded(user: ClientTransactionUser, onFault: (message: string) => void): ClientTransactionUser {
  const run = (action: () => void) => {
    try {
      action();
    } catch (error) {
      onFault(errorMessage(error));
    }
  };
  return {
    onResponse: (response) => run(() => user.onResponse(response)),
    onFailure: (reason) => run(() => user.onFailure(reason)),
  };
}

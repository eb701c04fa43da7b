import type { Clock } from '../../src/base/clock.js';
import { ConnectorError } from '../../src/base/connector-error.js';
import type {
  SipFlow,
  SipTransport,
  SipTransportHandlers,
} from '../../src/signaling/embedded/transport/sip-transport.js';
import type { SipMessage, SipRequest, SipResponse } from '../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../src/signaling/message/sip-parser.js';
import type { ListeningAddress, SipProtocol } from '../../src/signaling/port.js';

interface Remote {
  readonly address: string;
  readonly port: number;
}

/** A message our side sent. */
export interface Sent {
  readonly atMs: number;
  readonly to: Remote;
  readonly message: SipMessage;
}

/** A listening socket in memory: what is sent is parsed and kept, what is received is put in by the test. */
export class FakeSipTransport implements SipTransport {
  readonly protocol: SipProtocol;
  readonly sent: Sent[] = [];
  readonly opened: FakeFlow[] = [];
  closed = false;
  /** Whether a message of ours that cannot be read back is an error: not where it echoes a malformed one. */
  strict = true;
  readonly #clock: Clock;
  readonly #bound: Remote;
  #handlers: SipTransportHandlers | undefined;
  #accept: (address: string) => boolean = () => true;

  constructor(protocol: SipProtocol, clock: Clock, bound: Remote = { address: '192.0.2.1', port: 5060 }) {
    this.protocol = protocol;
    this.#clock = clock;
    this.#bound = bound;
  }

  /** What comes from anybody else is not read. */
  accepting(accept: (address: string) => boolean): this {
    this.#accept = accept;
    return this;
  }

  async start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    this.#handlers = handlers;
    return { protocol: this.protocol, ...this.#bound };
  }

  flowTo({ address, port }: Remote): FakeFlow {
    const remote = { address, port };
    if (!Number.isInteger(remote.port) || remote.port < 1 || remote.port > 65_535) {
      throw new ConnectorError('ERR_SIP_MESSAGE', 'port');
    }
    if (this.protocol !== 'udp') {
      const known = this.opened.find((flow) => !flow.closed && sameRemote(flow.remote, remote));
      if (known !== undefined) return known;
    }
    const flow = new FakeFlow(this.protocol, remote, this.#bound, (message) => this.#keep(remote, message));
    this.opened.push(flow);
    return flow;
  }

  /** A message from `remote`, over `flow` or a new flow. */
  receive(remote: Remote, message: string | Buffer, flow: FakeFlow = this.flowTo(remote)): FakeFlow {
    if (this.#accept(remote.address))
      this.#handlers?.onMessage(flow, Buffer.isBuffer(message) ? message : Buffer.from(message, 'utf8'));
    return flow;
  }

  fail(error: Error): void {
    this.#handlers?.onFailure(error);
  }

  /** Takes what was sent since the last call. */
  take(): readonly Sent[] {
    return this.sent.splice(0);
  }

  /** Takes all, which must be responses. */
  takeResponses(): readonly SipResponse[] {
    return this.take().map(({ message }) => {
      if (message.kind !== 'response') throw new Error(`a ${message.method} where responses were expected`);
      return message;
    });
  }

  /** Takes all, which must be requests. */
  takeRequests(): readonly SipRequest[] {
    return this.take().map(({ message }) => {
      if (message.kind !== 'request') throw new Error(`a ${message.status} where requests were expected`);
      return message;
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #keep(to: Remote, bytes: Uint8Array): void {
    if (this.closed) throw new Error('sent after close');
    const parsed = parseMessage(Buffer.from(bytes), this.protocol);
    if (parsed.type !== 'message') {
      if (this.strict) throw new Error(`our own message is ${parsed.type}: ${parsed.reason}`);
      return;
    }
    this.sent.push({ atMs: this.#clock.now(), to, message: parsed.message });
  }
}

export class FakeFlow implements SipFlow {
  readonly reliable: boolean;
  closed = false;
  readonly #listeners = new Set<(error: Error) => void>();

  constructor(
    readonly protocol: SipProtocol,
    readonly remote: Remote,
    readonly local: Remote,
    readonly onSend: (message: Uint8Array) => void,
  ) {
    this.reliable = protocol !== 'udp';
  }

  /** Subscribers to errors: a leak shows here. */
  get listeners(): number {
    return this.#listeners.size;
  }

  send(message: Uint8Array): void {
    if (this.closed) queueMicrotask(() => this.#emit(new Error('closed')));
    else this.onSend(message);
  }

  onError(listener: (error: Error) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The connection breaks. */
  break(): void {
    this.closed = true;
    this.#emit(new Error('broken'));
  }

  #emit(error: Error): void {
    for (const listener of [...this.#listeners]) listener(error);
  }
}

function sameRemote(a: Remote, b: Remote): boolean {
  return a.address === b.address && a.port === b.port;
}

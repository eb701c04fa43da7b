import { PATIENCE_MS, token } from './basics.js';
import { branchOf, Peer } from './peer.js';
import { header, type SipMessage, uriOf, writeMessage } from './sip-message.js';
import {
  hostPort,
  type ListenerTls,
  listenOn,
  type SipListener,
  type SocketAddress,
  type Transport,
} from './sip-socket.js';

/** Parts of a request in a dialog that the subject's INVITE has made. */
export interface DialogParts {
  /** The tag that the exchange gave the dialog. */
  readonly tag?: string;
  readonly extra?: readonly (readonly [name: string, value: string])[];
  readonly type?: string;
  readonly body?: string;
}

/** Where the subject calls and registers: a trunk, a proxy, a registrar. One for all scenarios of a transport. */
export class Exchange extends Peer implements AsyncDisposable {
  readonly transport: Exclude<Transport, 'ws'>;
  #listener: SipListener | undefined;
  #cseq = 0;

  private constructor(transport: Exclude<Transport, 'ws'>) {
    super();
    this.transport = transport;
  }

  /** Listens on a port of the kernel's choice. */
  static async open(transport: Exclude<Transport, 'ws'>, tls?: ListenerTls): Promise<Exchange> {
    const exchange = new Exchange(transport);
    const take = (bytes: Buffer, way: Parameters<Exchange['take']>[1]): void =>
      exchange.take(bytes, way, transport !== 'udp');
    exchange.#listener = await listenOn(transport, take, tls);
    return exchange;
  }

  /** Its URI, as a trunk's target or a registrar. */
  get uri(): string {
    if (!this.#listener) throw new Error('the exchange does not listen');
    const scheme = `sip:${hostPort(this.#listener.local)}`;
    return this.transport === 'udp' ? scheme : `${scheme};transport=${this.transport}`;
  }

  /** Where it listens. */
  get address(): SocketAddress {
    if (!this.#listener) throw new Error('the exchange does not listen');
    return this.#listener.local;
  }

  get contact(): string {
    return `<${this.uri.replace('sip:', 'sip:exchange@')}>`;
  }

  /** The next INVITE to that number. */
  async invited(number: string, patienceMs = PATIENCE_MS): Promise<SipMessage> {
    return this.next(
      (message) => message.kind === 'request' && message.method === 'INVITE' && message.uri.includes(`:${number}@`),
      `an INVITE to ${number}`,
      patienceMs,
    );
  }

  /** The next request of that method with the Call-ID of `like`. */
  async following(like: SipMessage, method: string, patienceMs = PATIENCE_MS): Promise<SipMessage> {
    return this.next(
      (message) =>
        message.kind === 'request' &&
        message.method === method &&
        header(message, 'Call-ID') === header(like, 'Call-ID'),
      `a ${method}`,
      patienceMs,
    );
  }

  /** The next REGISTER of that extension. */
  async registered(user: string, patienceMs = PATIENCE_MS): Promise<SipMessage> {
    return this.next(
      (message) => message.method === 'REGISTER' && uriOf(header(message, 'To')).includes(`:${user}@`),
      `a REGISTER of ${user}`,
      patienceMs,
    );
  }

  /** Sends a request in the dialog of that INVITE and waits for its final response. */
  async ask(invite: SipMessage, method: string, parts: DialogParts = {}): Promise<SipMessage> {
    const { tag = 'callee', extra = [], type = 'application/sdp', body = '' } = parts;
    const branch = `z9hG4bK${token()}`;
    this.#cseq += 1;
    const text = writeMessage({
      startLine: `${method} ${uriOf(header(invite, 'Contact'))} SIP/2.0`,
      fields: [
        ['Via', `SIP/2.0/${this.transport.toUpperCase()} ${hostPort(this.address)};branch=${branch};rport`],
        ['Max-Forwards', '70'],
        ['From', `${header(invite, 'To')};tag=${tag}`],
        ['To', header(invite, 'From')],
        ['Call-ID', header(invite, 'Call-ID')],
        ['CSeq', `${this.#cseq} ${method}`],
        ...(method === 'BYE' ? [] : ([['Contact', this.contact]] as const)),
        ...extra,
        ...(body === '' ? [] : ([['Content-Type', type]] as const)),
      ],
      body,
    });
    this.wayOf(invite)?.send(text);
    return this.next(
      (message) => message.kind === 'response' && branchOf(message) === branch && message.status >= 200,
      `a response to ${method}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.close();
  }
}

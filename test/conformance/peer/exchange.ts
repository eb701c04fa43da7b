import { PATIENCE_MS } from './basics.js';
import { Peer } from './peer.js';
import { header, type SipMessage, uriOf } from './sip-message.js';
import { hostPort, type ListenerTls, listenOn, type SipListener, type Transport } from './sip-socket.js';

/** Where the subject calls and registers: a trunk, a proxy, a registrar. One for all scenarios of a transport. */
export class Exchange extends Peer implements AsyncDisposable {
  readonly transport: Exclude<Transport, 'ws'>;
  #listener: SipListener | undefined;

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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.close();
  }
}

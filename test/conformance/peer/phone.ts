import { PATIENCE_MS, token } from './basics.js';
import { Call, type CallParts } from './call.js';
import { branchOf, Peer } from './peer.js';
import { echoFaults, readMessage, type SipMessage, writeMessage } from './sip-message.js';
import { hostPort, openSocket, type SipSocket, type SocketAddress, type Transport } from './sip-socket.js';

export interface PhoneOptions {
  readonly transport: Transport;
  /** Where the subject listens. */
  readonly target: SocketAddress;
  /** User of From and Contact: no other phone has it. */
  readonly user: string;
  /** Local address; default loopback. */
  readonly from?: string;
  /** A port that takes RTP and forgets it. */
  readonly sinkPort: number;
}

/** Parts of a request; what is absent is as a phone would write it. */
export interface RequestParts {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  /** All Via values, in place of the phone's own one. */
  readonly via?: readonly string[];
  /** `null`: none. */
  readonly contact?: string | null;
  readonly maxForwards?: number;
  /** More header fields. */
  readonly extra?: readonly (readonly [name: string, value: string])[];
  readonly type?: string;
  readonly body?: string;
}

/** A request of the phone's as it was sent. */
export interface Sent {
  readonly text: string;
  readonly message: SipMessage;
  readonly branch: string;
}

/** A SIP peer in a scenario's hand: one socket, one identity. */
export class Phone extends Peer implements AsyncDisposable {
  readonly user: string;
  readonly transport: Transport;
  readonly target: SocketAddress;
  readonly sinkPort: number;
  readonly calls: Call[] = [];
  #socket: SipSocket | undefined;
  readonly #sent = new Map<string, SipMessage>();

  private constructor({ transport, target, user, sinkPort }: PhoneOptions) {
    super();
    this.transport = transport;
    this.target = target;
    this.user = user;
    this.sinkPort = sinkPort;
  }

  static async open(options: PhoneOptions): Promise<Phone> {
    const phone = new Phone(options);
    const { transport, target, from } = options;
    phone.#socket = await openSocket(
      transport,
      target,
      (bytes, way) => phone.take(bytes, way, transport !== 'udp'),
      from,
    );
    return phone;
  }

  get #way(): SipSocket {
    if (!this.#socket) throw new Error('the phone has no socket');
    return this.#socket;
  }

  /** Host and port as they stand in Via and Contact. */
  get host(): string {
    return this.#way.host;
  }

  get local(): SocketAddress {
    return this.#way.local;
  }

  /** Whether the subject has closed the connection. */
  get disconnected(): boolean {
    return this.#way.closed;
  }

  /** Keep-alives of the phone's that were answered. */
  get pongs(): number {
    return this.#way.pongs;
  }

  /** URI of a user of the subject. */
  uri(user: string): string {
    return `sip:${user}@${hostPort(this.target)}${this.transport === 'udp' ? '' : `;transport=${this.transport}`}`;
  }

  get contact(): string {
    return `<sip:${this.user}@${this.host}${this.transport === 'udp' ? '' : `;transport=${this.transport}`}>`;
  }

  via(branch: string, parameters = ';rport'): string {
    return `SIP/2.0/${this.transport.toUpperCase()} ${this.host};branch=${branch}${parameters}`;
  }

  /** Writes bytes as they are. */
  raw(bytes: string | Buffer): void {
    this.#way.send(bytes);
  }

  /** Builds a request without sending it. */
  build(method: string, parts: RequestParts = {}): Sent {
    const branch = parts.branch ?? `z9hG4bK${token()}`;
    const { contact = this.contact, body = '', extra = [], maxForwards = 70 } = parts;
    const text = writeMessage({
      startLine: `${method} ${parts.uri ?? this.uri('2001')} SIP/2.0`,
      fields: [
        ...(parts.via ?? [this.via(branch)]).map((via): [string, string] => ['Via', via]),
        ['Max-Forwards', String(maxForwards)],
        ['From', parts.from ?? `<sip:${this.user}@peer.example>;tag=${token()}`],
        ['To', parts.to ?? `<${parts.uri ?? this.uri('2001')}>`],
        ['Call-ID', parts.callId ?? `${token(8)}@peer.example`],
        ['CSeq', `${parts.cseq ?? 1} ${method}`],
        ...(contact === null ? [] : ([['Contact', contact]] as const)),
        ...extra,
        ...(body === '' ? [] : ([['Content-Type', parts.type ?? 'application/sdp']] as const)),
      ],
      body,
    });
    return { text, message: readMessage(Buffer.from(text), true).message, branch };
  }

  /** Sends a request. */
  send(method: string, parts: RequestParts = {}): Sent {
    const sent = this.build(method, parts);
    this.#sent.set(`${sent.branch} ${method}`, sent.message);
    this.raw(sent.text);
    return sent;
  }

  /** Sends a request and waits for its final response. */
  async ask(method: string, parts: RequestParts = {}): Promise<SipMessage> {
    return this.responseTo(this.send(method, parts), (status) => status >= 200);
  }

  /** Places a call to a number of the subject's; nothing is waited for. */
  call(number: string, parts: CallParts = {}): Call {
    const call = new Call(this, number, parts);
    this.calls.push(call);
    return call;
  }

  /** Takes the first response of that transaction whose status fits; earlier ones stay. */
  async responseTo(sent: Sent, fits: (status: number) => boolean, patienceMs = PATIENCE_MS): Promise<SipMessage> {
    const { method } = sent.message;
    return this.next(
      (message) =>
        message.kind === 'response' &&
        message.method === method &&
        branchOf(message) === sent.branch &&
        fits(message.status),
      `a response to ${method}`,
      patienceMs,
    );
  }

  /** Ends what is still up, then closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.calls.map((call) => call.abandon().catch(() => undefined)));
    await this.#way.close();
  }

  protected override faultsIn(response: SipMessage): readonly string[] {
    const request = this.#sent.get(`${branchOf(response)} ${response.method}`);
    return request ? echoFaults(request, response) : [];
  }
}

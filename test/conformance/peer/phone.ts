import { PATIENCE_MS, token } from './basics.js';
import { Call, type CallParts } from './call.js';
import { echoFaults, header, headers, readMessage, type SipMessage, tagOf, writeMessage } from './sip-message.js';
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

/** Parts of a response to the subject. */
export interface ResponseParts {
  readonly phrase?: string;
  readonly toTag?: string;
  readonly extra?: readonly (readonly [name: string, value: string])[];
  readonly contact?: boolean;
  readonly type?: string;
  readonly body?: string;
}

function branchOf(message: SipMessage): string {
  return /branch=([^;,\s]+)/i.exec(header(message, 'Via'))?.[1] ?? '';
}

/**
 * A SIP peer in a scenario's hand: one socket, one identity. It does nothing by itself but to repeat its response to a
 * request that comes again, and to note in {@link faults} whatever the subject sends that RFC 3261 forbids.
 */
export class Phone implements AsyncDisposable {
  readonly user: string;
  readonly transport: Transport;
  readonly target: SocketAddress;
  readonly sinkPort: number;
  /** What has come and was not taken, in order. */
  readonly received: SipMessage[] = [];
  readonly faults: string[] = [];
  readonly calls: Call[] = [];
  #socket: SipSocket | undefined;
  readonly #sent = new Map<string, SipMessage>();
  readonly #responses = new Map<string, string>();
  readonly #waiting = new Set<() => void>();

  private constructor({ transport, target, user, sinkPort }: PhoneOptions) {
    this.transport = transport;
    this.target = target;
    this.user = user;
    this.sinkPort = sinkPort;
  }

  static async open(options: PhoneOptions): Promise<Phone> {
    const phone = new Phone(options);
    const { transport, target, from } = options;
    phone.#socket = await openSocket(transport, target, (bytes) => phone.#take(bytes), from);
    return phone;
  }

  get #way(): SipSocket {
    if (!this.#socket) throw new Error('the phone has no socket');
    return this.#socket;
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
    return `sip:${user}@${hostPort(this.target)}${this.transport === 'tcp' ? ';transport=tcp' : ''}`;
  }

  get contact(): string {
    return `<sip:${this.user}@${hostPort(this.local)}${this.transport === 'udp' ? '' : `;transport=${this.transport}`}>`;
  }

  via(branch: string, parameters = ';rport'): string {
    return `SIP/2.0/${this.transport.toUpperCase()} ${hostPort(this.local)};branch=${branch}${parameters}`;
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

  /** Takes the first message that fits; those before it stay. */
  async next(fits: (message: SipMessage) => boolean, what: string, patienceMs = PATIENCE_MS): Promise<SipMessage> {
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const index = this.received.findIndex(fits);
      const [found] = index < 0 ? [] : this.received.splice(index, 1);
      if (found) return found;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`${what} did not come; ${this.#account()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, leftMs);
        const waiting = this.#waiting;
        function wake(): void {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
        waiting.add(wake);
      });
    }
  }

  /** Answers a request of the subject's; a retransmission of it is answered alike from now on. */
  respond(request: SipMessage, status: number, parts: ResponseParts = {}): void {
    const { body = '' } = parts;
    const to = header(request, 'To');
    const tag = tagOf(to) === '' && status > 100 ? `;tag=${parts.toTag ?? token()}` : '';
    const text = writeMessage({
      startLine: `SIP/2.0 ${status} ${parts.phrase ?? 'Phrase'}`,
      fields: [
        ...headers(request, 'Via').map((via): [string, string] => ['Via', via]),
        ...headers(request, 'Record-Route').map((route): [string, string] => ['Record-Route', route]),
        ['From', header(request, 'From')],
        ['To', `${to}${tag}`],
        ['Call-ID', header(request, 'Call-ID')],
        ['CSeq', header(request, 'CSeq')],
        ...(parts.contact === true ? ([['Contact', this.contact]] as const) : []),
        ...(parts.extra ?? []),
        ...(body === '' ? [] : ([['Content-Type', parts.type ?? 'application/sdp']] as const)),
      ],
      body,
    });
    this.#responses.set(`${branchOf(request)} ${request.method}`, text);
    this.raw(text);
  }

  /** Ends what is still up, then closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.calls.map((call) => call.abandon().catch(() => undefined)));
    await this.#way.close();
  }

  #take(bytes: Buffer): void {
    try {
      const { message, faults } = readMessage(bytes, this.transport !== 'udp');
      this.faults.push(...faults);
      const key = `${branchOf(message)} ${message.method}`;
      if (message.kind === 'response') {
        const request = this.#sent.get(key);
        if (request) this.faults.push(...echoFaults(request, message));
      } else {
        const response = this.#responses.get(key);
        if (response !== undefined && message.method !== 'ACK') {
          this.raw(response);
          return;
        }
      }
      this.received.push(message);
    } catch (error) {
      this.faults.push(error instanceof Error ? error.message : String(error));
    }
    for (const wake of [...this.#waiting]) wake();
  }

  /** What has come instead, each kind once. */
  #account(): string {
    const kinds = this.received.map(({ startLine, method, kind }) =>
      kind === 'request' ? method : `${startLine.slice(8)} (${method})`,
    );
    return kinds.length === 0 ? 'nothing came' : `there was ${[...new Set(kinds)].join(', ')}`;
  }
}

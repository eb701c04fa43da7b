import { PATIENCE_MS, token } from './basics.js';
import { header, headers, readMessage, type SipMessage, tagOf, writeMessage } from './sip-message.js';
import type { SipWay } from './sip-socket.js';

/** Parts of a response to the subject. */
export interface ResponseParts {
  readonly phrase?: string;
  readonly toTag?: string;
  readonly extra?: readonly (readonly [name: string, value: string])[];
  readonly contact?: boolean;
  readonly type?: string;
  readonly body?: string;
}

export function branchOf(message: SipMessage): string {
  return /branch=([^;,\s]+)/i.exec(header(message, 'Via'))?.[1] ?? '';
}

/**
 * What takes the subject's messages and answers its requests. It does nothing by itself but to repeat its response to a
 * request that comes again, and to note in {@link faults} whatever the subject sends that RFC 3261 forbids.
 */
export abstract class Peer {
  /** What has come and was not taken, in order. */
  readonly received: SipMessage[] = [];
  readonly faults: string[] = [];
  readonly #ways = new WeakMap<SipMessage, SipWay>();
  readonly #requests = new Set<string>();
  readonly #responses = new Map<string, string>();
  readonly #waiting = new Set<() => void>();

  /** Contact as it stands in messages of the peer's. */
  abstract get contact(): string;

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
    this.#ways.get(request)?.send(text);
  }

  /** The way a request of the subject's came by. */
  protected wayOf(request: SipMessage): SipWay | undefined {
    return this.#ways.get(request);
  }

  /** What a response of the subject's has that it should not. */
  protected faultsIn(_response: SipMessage): readonly string[] {
    return [];
  }

  /** Takes the bytes of one message. */
  protected take(bytes: Buffer, way: SipWay, framed: boolean): void {
    try {
      const { message, faults } = readMessage(bytes, framed);
      this.faults.push(...faults);
      if (message.kind === 'response') this.faults.push(...this.faultsIn(message));
      if (message.kind === 'request' && message.method !== 'ACK') {
        const transaction = `${branchOf(message)} ${message.method}`;
        const response = this.#responses.get(transaction);
        if (response !== undefined) way.send(response);
        if (this.#requests.has(transaction)) return;
        this.#requests.add(transaction);
      }
      this.#ways.set(message, way);
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

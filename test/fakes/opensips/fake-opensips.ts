import { createSocket, type Socket } from 'node:dgram';
import { type FakeSession, FakeSessions, state, type Wire } from './sessions.js';

/** Ways in which MI misbehaves; each command asks anew. */
export interface MiFaults {
  /** Carried out, and the answer lost. */
  loseAnswer: (method: string, params: Readonly<Record<string, unknown>>) => boolean;
  /** The request lost. */
  loseRequest: (method: string, params: Readonly<Record<string, unknown>>) => boolean;
  /** Next hops that cannot be resolved. */
  unresolved: readonly string[];
  /** Only the names of OpenSIPS 4 are known. */
  newNames: boolean;
}

export interface InviteOptions {
  readonly to?: string;
  readonly from?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly body?: string;
  /** Whole lines, CR LF at the end of each. */
  readonly headers?: string;
  readonly extraParams?: string;
}

interface EventFields {
  readonly type: string;
  readonly method: string;
  readonly status?: number;
  readonly phrase?: string;
  readonly body?: string;
  readonly headers?: string;
  readonly extra?: string | null;
}

/**
 * MI over datagrams and the event E_UA_SESSION as OpenSIPS 3.6.8 was recorded with them (README.md), played by hand: a
 * test says what the peer does, and sees what the peer would see.
 */
export class FakeOpensips {
  readonly faults: MiFaults = { loseAnswer: () => false, loseRequest: () => false, unresolved: [], newNames: false };
  /** Every command that arrived, repetitions included. */
  readonly commands: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[] = [];
  /** What went out to the peers. */
  readonly wire: Wire[] = [];
  /** By `udp:ADDRESS:PORT`. */
  readonly subscribers = new Set<string>();
  readonly sessions = new FakeSessions((wire) => this.#onWire(wire));
  /** `$shv(...)` of the script, where it has loaded cfgutils. */
  readonly variables = new Map<string, string>();
  hasVariables = true;
  /** It is a hub of ours that answers, not OpenSIPS itself. */
  hub: string | undefined;
  /** Flag `a` of the script: the ACK raises an event. */
  reportsAcks = false;
  /** The peer acknowledges each 2xx at once. */
  peerAcks = true;
  #socket: Socket | undefined;
  #upSince = 'Sat Nov 28 10:58:56 2026';
  #waiters: (() => void)[] = [];

  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  /** @param port Where MI is to be, 0 for any. */
  async start(port = 0): Promise<void> {
    const socket = createSocket('udp4');
    socket.on('message', (bytes, peer) => {
      const answer = this.handle(bytes.toString('utf8'));
      if (answer !== undefined) socket.send(answer, peer.port, peer.address, () => {});
    });
    await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', () => resolve()));
    this.#socket = socket;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** Forgets sessions and subscribers, as a process that starts anew. */
  restart(): void {
    this.sessions.clear();
    this.subscribers.clear();
    this.variables.clear();
    this.#upSince = `${this.#upSince}'`;
  }

  /** Answers one MI request; `undefined` when nothing comes back. */
  handle(text: string): string | undefined {
    let request: { id?: unknown; method?: unknown; params?: unknown };
    try {
      request = JSON.parse(text);
    } catch {
      return '400 Parse_error';
    }
    const { id, method, params } = request;
    if (typeof method !== 'string') return undefined;
    const fields = Object(params ?? {}) as Readonly<Record<string, unknown>>;
    if (this.faults.loseRequest(method, fields)) return undefined;
    this.commands.push({ method, params: fields });
    const outcome = this.#run(method, fields);
    this.#wake();
    if (this.faults.loseAnswer(method, fields)) return undefined;
    return JSON.stringify({ jsonrpc: '2.0', ...outcome, id });
  }

  #run(name: string, params: Readonly<Record<string, unknown>>): object {
    const prefixed = name.startsWith('b2b_entities:');
    const method = prefixed ? name.slice('b2b_entities:'.length) : name;
    const unknown = { error: { code: -32601, message: 'Method not found' } };
    if (method.startsWith('ua_session_') && prefixed !== this.faults.newNames) return unknown;
    switch (method) {
      case 'uptime':
        return {
          result: {
            Now: 'Sat Nov 28 10:59:01 2026',
            'Up since': this.#upSince,
            'Up time': '5 [sec]',
            ...(this.hub !== undefined && { 'Hub since': this.hub }),
          },
        };
      case 'event_subscribe':
        // One of 1 s is told of events for up to two seconds more.
        if (Number(params['expire']) > 0) this.subscribers.add(String(params['socket']));
        else this.subscribers.delete(String(params['socket']));
        return { result: 'OK' };
      case 'shv_set':
        if (!this.hasVariables) return unknown;
        this.variables.set(String(params['name']), String(params['value']));
        return { result: 'OK' };
      case 'ua_session_reply':
        return this.sessions.reply(params);
      case 'ua_session_update':
        return this.sessions.update(params);
      case 'ua_session_terminate':
        return this.sessions.terminate(params);
      case 'ua_session_list':
        return this.sessions.list(params);
      case 'ua_session_client_start': {
        const hop = params['proxy'];
        if (typeof hop === 'string' && this.faults.unresolved.includes(hop)) {
          return { error: { code: 500, message: 'Failed to start session' } };
        }
        const { key } = this.sessions.create('UAC');
        const [to, body] = [String(params['ruri']), String(params['body'])];
        this.wire.push({
          type: 'request',
          key,
          method: 'INVITE',
          body,
          headers: `To: ${to}\r\n${params['extra_headers']}`,
        });
        return { result: key };
      }
      default:
        return unknown;
    }
  }

  /** An INVITE comes in, and the script calls `ua_session_server_init`. */
  invite(options: InviteOptions = {}): FakeSession {
    const session = this.sessions.create('UAS');
    const { to = '1000', from = '+44123', callId = session.key, cseq = 1, body = '', headers = '' } = options;
    this.raise(session, {
      type: 'NEW',
      method: 'INVITE',
      body,
      extra: options.extraParams ?? null,
      headers:
        `Via: SIP/2.0/UDP 127.0.0.1:41052;branch=z9hG4bK${session.key}\r\nFrom: <sip:${from}@127.0.0.1>;tag=ft\r\n` +
        `To: <sip:${to}@127.0.0.1>\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} INVITE\r\n` +
        `Contact: <sip:me@127.0.0.1:41052>\r\n${body === '' ? '' : 'Content-Type: application/sdp\r\n'}${headers}` +
        `Content-Length: ${body.length}\r\n`,
    });
    return session;
  }

  /** A request of the peer in the dialog. */
  request(session: FakeSession, method: string, body = '', headers = 'Content-Type: application/sdp\r\n'): void {
    if (method === 'UPDATE') session.updateWaits = true;
    else session.uasMethod = method;
    if (method === 'INVITE') session.state = state.modified;
    const cseq = 2 + this.commands.length;
    this.raise(session, { type: 'UPDATED', method, body, headers: `CSeq: ${cseq} ${method}\r\n${headers}` });
  }

  bye(session: FakeSession, headers = ''): void {
    // A BYE of a session that is not there is answered, and told to nobody.
    if (this.sessions.get(session.key) === undefined) return;
    session.state = state.terminated;
    this.raise(session, { type: 'TERMINATED', method: 'BYE', headers: `CSeq: 9 BYE\r\n${headers}` });
    this.sessions.delete(session.key);
  }

  /** The CANCEL is answered 200 by OpenSIPS; the INVITE is left to whoever has the session. */
  cancel(session: FakeSession, headers = ''): void {
    session.state = state.terminated;
    this.raise(session, { type: 'TERMINATED', method: 'CANCEL', headers: `CSeq: 1 CANCEL\r\n${headers}` });
  }

  /** The peer answers a request of ours. A 2xx to what was cancelled gets ACK and BYE of OpenSIPS, unless it has forgotten the session. */
  respond(session: FakeSession, method: string, status: number, body = '', headers = ''): void {
    const type = status < 200 ? 'EARLY' : status < 300 ? 'ANSWERED' : 'REJECTED';
    if (this.sessions.get(session.key) === undefined) return;
    if (status >= 200) session.uacMethod = undefined;
    const cancelled = method === 'INVITE' && session.state === state.terminated;
    if (cancelled && type === 'ANSWERED') {
      for (const own of ['ACK', 'BYE'])
        this.#onWire({ type: 'request', key: session.key, method: own, body: '', headers: '' });
    } else if (method === 'INVITE' && type === 'ANSWERED') session.state = state.confirmed;
    if (method === 'INVITE' && status > 100 && status < 200 && session.state === state.new) session.state = state.early;
    const content = body === '' ? '' : 'Content-Type: application/sdp\r\n';
    const common = `CSeq: 7 ${method}\r\nTo: <sip:x@y>;tag=them\r\nFrom: <sip:us@z>;tag=us\r\n`;
    this.raise(session, { type, method, status, phrase: 'As Recorded', body, headers: common + content + headers });
    // A call of ours that has rung and is refused stays, unless it was cancelled.
    const ours = session.entity === 'UAC' && method === 'INVITE' && status >= 300;
    const refused = ours && (cancelled || session.state === state.new);
    // And whatever comes to one that was cancelled is its end: its 487 is nobody's any more.
    const lateRinging = cancelled && session.entity === 'UAC' && type === 'EARLY';
    if (method === 'BYE' || refused || lateRinging) this.sessions.delete(session.key);
  }

  /** Nothing comes to an INVITE of ours: a 408 of OpenSIPS's own, which has no header fields. */
  timeOut(session: FakeSession): void {
    session.uacMethod = undefined;
    this.raise(session, { type: 'REJECTED', method: 'INVITE', status: 408, phrase: 'Timeout', headers: '' });
    if (session.state === state.new) this.sessions.delete(session.key);
  }

  raise({ key, entity }: Pick<FakeSession, 'key' | 'entity'>, fields: EventFields): void {
    const { type, method, status = 0, phrase = null, body = '', headers = '', extra = null } = fields;
    const params = { key, event_type: type, entity_type: entity, status, reason: phrase, method, body, headers };
    const event = { jsonrpc: '2.0', method: 'E_UA_SESSION', params: { ...params, extra_params: extra } };
    this.send(Buffer.from(JSON.stringify(event)));
  }

  /** One datagram to every subscriber. */
  send(datagram: Buffer): void {
    const socket = createSocket('udp4');
    let left = this.subscribers.size;
    if (left === 0) socket.close();
    for (const subscriber of this.subscribers) {
      const [, address = '', port = ''] = subscriber.split(':');
      socket.send(datagram, Number(port), address, () => {
        left -= 1;
        if (left === 0) socket.close();
      });
    }
  }

  /** Resolves with the first thing on the wire that fits, now or later. */
  async seen<Found extends Wire>(fits: (wire: Wire) => wire is Found): Promise<Found>;
  async seen(fits: (wire: Wire) => boolean): Promise<Wire>;
  async seen(fits: (wire: Wire) => boolean): Promise<Wire> {
    for (;;) {
      const found = this.wire.find(fits);
      if (found) return found;
      await this.#next();
    }
  }

  response(session: FakeSession, method: string, status: number): Promise<Wire> {
    return this.seen(
      (wire) =>
        wire.type === 'response' && wire.key === session.key && wire.method === method && wire.status === status,
    );
  }

  outgoing(key: string, method: string): Promise<Wire> {
    return this.seen((wire) => wire.type === 'request' && wire.key === key && wire.method === method);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#next();
  }

  #onWire(wire: Wire): void {
    this.wire.push(wire);
    this.#wake();
    const session = this.sessions.get(wire.key);
    const accepted = wire.type === 'response' && wire.method === 'INVITE' && wire.status >= 200 && wire.status < 300;
    if (accepted && session !== undefined && this.peerAcks) this.ack(session);
  }

  /** The peer acknowledges a 2xx. */
  ack(session: FakeSession, body = ''): void {
    const cancelled = session.state === state.terminated;
    if (!cancelled) session.state = state.established;
    session.uasMethod = undefined;
    const headers = body === '' ? '' : 'Content-Type: application/sdp\r\n';
    if (this.reportsAcks) this.raise(session, { type: 'UPDATED', method: 'ACK', body, headers });
    // A CANCEL crossed the 200: the session is taken for one that a BYE has ended.
    if (cancelled) this.sessions.delete(session.key);
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 20);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

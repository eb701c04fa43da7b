/**
 * The sessions of b2b_entities as OpenSIPS 3.6.8 kept them when it was recorded: states, what is refused, and in which
 * words. Pure; whoever holds it sends the events and the answers.
 */

/** enum b2b_state of b2b_entities/dlg.h. */
export const state = { new: 1, early: 3, confirmed: 4, established: 5, modified: 6, terminated: 7 } as const;

export interface FakeSession {
  readonly key: string;
  readonly entity: 'UAS' | 'UAC';
  state: number;
  /** Method of the request that waits for a reply: one at a time, UPDATE apart. */
  uasMethod: string | undefined;
  updateWaits: boolean;
  /** A request of ours is open: OpenSIPS meets the peer's with 491. */
  uacMethod: string | undefined;
  lastReply: number;
}

/** What the peer would see. */
export type Wire =
  | {
      readonly type: 'response';
      readonly key: string;
      readonly method: string;
      readonly status: number;
      readonly body: string;
      readonly headers: string;
      readonly phrase: string;
    }
  | {
      readonly type: 'request';
      readonly key: string;
      readonly method: string;
      readonly body: string;
      readonly headers: string;
    };

export interface MiFailure {
  readonly code: number;
  readonly message: string;
}

type Params = Readonly<Record<string, unknown>>;
export type Result = { readonly result: unknown } | { readonly error: MiFailure };

const OK: Result = { result: 'OK' };

export class FakeSessions {
  readonly #sessions = new Map<string, FakeSession>();
  readonly #onWire: (wire: Wire) => void;
  #count = 0;

  constructor(onWire: (wire: Wire) => void) {
    this.#onWire = onWire;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(key: string): FakeSession | undefined {
    return this.#sessions.get(key);
  }

  /** Calls of ours without a final response. */
  get ringing(): readonly FakeSession[] {
    return [...this.#sessions.values()].filter(({ entity, uacMethod }) => entity === 'UAC' && uacMethod === 'INVITE');
  }

  create(entity: 'UAS' | 'UAC'): FakeSession {
    this.#count += 1;
    // Recorded: B2B.<hash>.<index>.<time>.<random>
    const key = `B2B.${(this.#count * 37) % 512}.${this.#count}.1795863540.${1_909_702_617 + this.#count}`;
    const session: FakeSession = {
      key,
      entity,
      state: state.new,
      uasMethod: entity === 'UAS' ? 'INVITE' : undefined,
      updateWaits: false,
      uacMethod: entity === 'UAC' ? 'INVITE' : undefined,
      lastReply: 0,
    };
    this.#sessions.set(key, session);
    return session;
  }

  delete(key: string): void {
    this.#sessions.delete(key);
  }

  clear(): void {
    this.#sessions.clear();
  }

  reply(params: Params): Result {
    const { key, method, code } = params;
    const session = this.#sessions.get(String(key));
    const failed: Result = { error: { code: 500, message: 'Failed to send reply' } };
    if (session === undefined || typeof method !== 'string' || typeof code !== 'number') return failed;
    const waiting = method === 'UPDATE' ? (session.updateWaits ? 'UPDATE' : undefined) : session.uasMethod;
    if (waiting === undefined) return session.lastReply === code ? OK : failed;
    if (waiting !== method) return failed;
    // "A retransmission of the reply": said to be OK, and not sent.
    if (method === 'INVITE' && (session.state === state.confirmed || session.state === state.established)) return OK;
    if (code >= 200) this.#settleReply(session, method, code);
    session.lastReply = code;
    this.#onWire({
      type: 'response',
      key: session.key,
      method,
      status: code,
      phrase: String(params['reason']),
      body: String(params['body'] ?? ''),
      headers: headersOf(params),
    });
    return OK;
  }

  #settleReply(session: FakeSession, method: string, code: number): void {
    if (method === 'UPDATE') session.updateWaits = false;
    else if (method !== 'INVITE') session.uasMethod = undefined;
    else if (code < 300) session.state = state.confirmed;
    else {
      if (session.state !== state.modified) session.state = state.terminated;
      else session.state = state.established;
      // The ACK of an error response is the transaction's own.
      session.uasMethod = undefined;
    }
  }

  update(params: Params): Result {
    const { key, method } = params;
    const session = this.#sessions.get(String(key));
    const failed: Result = { error: { code: 500, message: 'Failed to send sequential request' } };
    if (session === undefined || typeof method !== 'string') return failed;
    if (session.state === state.terminated) return method === 'BYE' || method === 'CANCEL' ? OK : failed;
    if (session.state < state.confirmed && !['UPDATE', 'PRACK', 'CANCEL', 'INVITE'].includes(method)) return failed;
    // "No transaction saved. Cannot send CANCEL": it was refused before.
    if (session.state < state.confirmed && method === 'CANCEL' && session.uacMethod === undefined) return failed;
    if (method === 'INVITE') session.state = state.modified;
    if (method === 'BYE' || method === 'CANCEL') session.state = state.terminated;
    if (method === 'ACK') session.state = state.established;
    else session.uacMethod = method;
    const body = String(params['body'] ?? '');
    this.#onWire({ type: 'request', key: session.key, method, body, headers: headersOf(params) });
    return OK;
  }

  terminate(params: Params): Result {
    const session = this.#sessions.get(String(params['key']));
    const refused: Result = { error: { code: 500, message: 'Failed to terminate session' } };
    if (session === undefined) return refused;
    const pending = session.state < state.confirmed;
    if (pending && (session.entity === 'UAS' || session.uacMethod === undefined)) return refused;
    const { key } = session;
    // Header fields that come without a body are copied from nowhere.
    const method = pending ? 'CANCEL' : 'BYE';
    if (session.state !== state.terminated) this.#onWire({ type: 'request', key, method, body: '', headers: '' });
    this.#sessions.delete(session.key);
    return OK;
  }

  list(params: Params): Result {
    const { key } = params;
    if (typeof key !== 'string') return { result: [...this.#sessions.values()].map(printed) };
    const session = this.#sessions.get(key);
    return session === undefined ? { error: { code: 404, message: 'Entity not found' } } : { result: printed(session) };
  }
}

function printed({ key, state: number, lastReply }: FakeSession): object {
  return { dlg: 138, logic_key: '', mod_name: 'b2b_entities', state: number, last_reply_code: lastReply, to_tag: key };
}

function headersOf(params: Params): string {
  const [body, type, extra] = [params['body'], params['content_type'], params['extra_headers']];
  // ua_build_hdrs: without a body, extra header fields are left uninitialised.
  if (body === undefined) return extra === undefined ? '' : 'GARBAGE';
  return `${type === undefined ? 'Content-Type: application/sdp\r\n' : String(type)}${String(extra ?? '')}`;
}

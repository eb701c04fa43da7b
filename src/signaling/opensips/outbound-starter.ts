import type { Clock, TimerHandle } from '../../base/clock.js';
import { toHeaderValue } from '../../base/header-fields.js';
import { quote } from '../message/lexical.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { MiClient } from './mi/mi-client.js';
import type { SessionEvent } from './session-event.js';
import { MAX_EXTRA_BYTES, UaSession } from './ua-session.js';

export interface OutboundStart {
  readonly uri: string;
  /** Next hop, a SIP URI; absent: where `uri` leads. */
  readonly proxy: string | undefined;
  readonly from: string;
  readonly fromDisplayName: string;
  readonly body: string;
  readonly headers: HeaderList;
}

export type StartOutcome =
  /** `events` overtook the answer that names the session. */
  | { readonly type: 'started'; readonly key: string; readonly events: readonly SessionEvent[] }
  /** Nothing has been sent. */
  | { readonly type: 'refused' }
  /** No answer: a call may be under way. */
  | { readonly type: 'lost' };

/** `r` replies, `a` ACKs, `b` bodies, `h` header fields; without `d` OpenSIPS sends the ACK of a 2xx itself, at once. */
const FLAGS = 'rabh';

/** Events kept of sessions whose name is not known yet; the oldest go first. */
const MAX_EARLY_EVENTS = 256;

/** How long a session may turn up whose start was never answered, ms. */
const LOST_MS = 180_000;

/** What the events of a session are known by before its name is. */
interface Parties {
  readonly uri: string;
  readonly from: string;
}

interface Lost extends Parties {
  readonly timer: TimerHandle;
}

/**
 * Starts calls. OpenSIPS names the session in its answer, which is slower than its events at times: those of unknown
 * sessions are kept while an answer is awaited. Where it never comes, the call may be under way all the same: a session
 * with its URIs that turns up, or has turned up already, is ended.
 */
export class OutboundStarter {
  readonly #mi: MiClient;
  readonly #clock: Clock;
  /** Those that have no answer yet. */
  readonly #starting = new Set<Parties>();
  #early: SessionEvent[] = [];
  readonly #lost = new Set<Lost>();

  constructor(mi: MiClient, clock: Clock) {
    this.#mi = mi;
    this.#clock = clock;
  }

  async start({ uri, proxy, from, fromDisplayName, body, headers }: OutboundStart): Promise<StartOutcome> {
    const shown = toHeaderValue(fromDisplayName).replaceAll(',', ' ');
    const name = shown === '' ? '' : `${quote(shown)},`;
    // A comma parts name and URI.
    if (uri.includes(',') || from.includes(',')) return { type: 'refused' };
    let extra = '';
    for (const [field, value] of headers) {
      const line = `${field}: ${value}\r\n`;
      if (Buffer.byteLength(extra + line) <= MAX_EXTRA_BYTES) extra += line;
    }
    const params = { ruri: uri, to: uri, from: `${name}${from}`, body, extra_headers: extra, flags: FLAGS };
    const hop = proxy === undefined ? {} : { proxy };
    const parties: Parties = { uri, from };
    this.#starting.add(parties);
    const outcome = await this.#mi.call('ua_session_client_start', { ...params, ...hop }, false);
    this.#starting.delete(parties);
    const key = outcome.type === 'done' && typeof outcome.result === 'string' ? outcome.result : undefined;
    const early = this.#early;
    const others = early.filter((event) => event.key !== key);
    this.#early = this.#starting.size > 0 ? others : [];
    if (outcome.type === 'lost') this.#remember(parties);
    for (const event of others) this.#endIfLost(event);
    if (key !== undefined) return { type: 'started', key, events: early.filter((event) => event.key === key) };
    return outcome.type === 'lost' ? outcome : { type: 'refused' };
  }

  /** Takes an event of a session that nobody knows. */
  receive(event: SessionEvent): void {
    if (this.#starting.size > 0) {
      if (this.#early.length >= MAX_EARLY_EVENTS) this.#early.shift();
      this.#early.push(event);
    }
    this.#endIfLost(event);
  }

  close(): void {
    for (const { timer } of this.#lost) this.#clock.clearTimeout(timer);
    this.#lost.clear();
    this.#early = [];
  }

  #remember(parties: Parties): void {
    const lost: Lost = { ...parties, timer: this.#clock.setTimeout(() => this.#lost.delete(lost), LOST_MS) };
    this.#lost.add(lost);
  }

  /** While the same is being called once more, the session may be that one. */
  #endIfLost(event: SessionEvent): void {
    if (this.#lost.size === 0) return;
    const [to, sender] = [uriOf(event, 'To'), uriOf(event, 'From')];
    const isOf = ({ uri, from }: Parties): boolean => uri === to && from === sender;
    const lost = [...this.#lost].find(isOf);
    if (lost === undefined || [...this.#starting].some(isOf)) return;
    this.#clock.clearTimeout(lost.timer);
    this.#lost.delete(lost);
    void new UaSession(this.#mi, event.key).terminate();
  }
}

function uriOf({ headers }: SessionEvent, name: string): string | undefined {
  return parseNameAddr(headers.get(name) ?? '')?.uri;
}

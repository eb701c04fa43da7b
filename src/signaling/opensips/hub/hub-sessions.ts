import type { Clock, TimerHandle } from '../../../base/clock.js';
import { retryAfterField } from '../../retry-after.js';
import { FULL_RETRY_AFTER_SECONDS, opensipsDefaults } from '../opensips-options.js';
import type { SessionEvent } from '../session-event.js';
import { keyTakenFor, type UaSession } from '../ua-session.js';
import type { HubWorker } from './hub-worker.js';

export interface HubSessionsParts {
  readonly clock: Clock;
  readonly session: (key: string) => UaSession;
  /** Connectors that are there. */
  readonly candidates: () => readonly HubWorker[];
}

interface HubSession {
  /** Address of its connector's commands; `undefined` while nobody has spoken for it. */
  owner: string | undefined;
  worker: HubWorker | undefined;
  /** The datagram of its INVITE, for another connector; `undefined` once it has its final response. */
  invite: Buffer | undefined;
  /** Addresses of those that had it and were not able. */
  readonly tried: Set<string>;
  timer: TimerHandle | undefined;
  /** What was shown to all, and ends with `timer` where nobody speaks for it. */
  shown: 'no' | 'event' | 'answer';
}

/** What may become of a command. */
export type HubVerdict =
  | 'go-on'
  /** The call is another connector's. */
  | 'not-yours'
  /** It was refused with 503, and another connector has it now. */
  | 'handed-on';

/** Sessions at once; OpenSIPS has its own limit. */
const MAX_SESSIONS = 50_000;

/** How long somebody may take to say that a session is his, ms. */
const CLAIM_MS = 3_000;

/** And one that the far end has just answered: time for a connector that comes back to a new hub, and for 200 again, ms. */
const ANSWERED_MS = 5_000;

/** How long a session that we refused is left for its ACK, as connectors leave theirs, ms. */
const { refusedMs } = opensipsDefaults.limits;

/**
 * Which session is whose. A new one goes to the connector with the fewest; one that was begun before this hub was there
 * is shown to all, and belongs to the first that speaks for it.
 */
export class HubSessions {
  readonly #parts: HubSessionsParts;
  readonly #sessions = new Map<string, HubSession>();

  constructor(parts: HubSessionsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#sessions.size;
  }

  receive(event: SessionEvent, datagram: Buffer): void {
    // What has another To tag is the business of whoever has the session that OpenSIPS takes it for.
    const taken = this.#sessions.has(event.key) || event.type === 'NEW' ? undefined : this.#takenFor(event);
    const key = taken ?? event.key;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      if (this.#sessions.size >= MAX_SESSIONS) return;
      session = unowned();
      this.#sessions.set(key, session);
      if (event.type === 'NEW') {
        session.invite = datagram;
        this.#assign(key, session);
        return;
      }
    }
    if (event.type === 'TERMINATED') session.invite = undefined;
    if (session.worker !== undefined) session.worker.send(datagram);
    else this.#showToAll(key, session, event, datagram);
    if (isLast(event)) this.forget(key);
  }

  /**
   * Whether `from` may say something of a session. The first to speak for one that is nobody's has it.
   *
   * @param refuses It says 503 to the INVITE: the next connector is asked, if there is one.
   */
  admit(key: string, from: string, worker: HubWorker | undefined, refuses: boolean): HubVerdict {
    const session = this.#sessions.get(key);
    if (session === undefined) {
      this.own(key, from, worker);
      return 'go-on';
    }
    if (session.owner !== undefined && session.owner !== from) return 'not-yours';
    // Its owner may have been heard before it subscribed. What ends for another reason ends all the same.
    if (session.owner === undefined || session.shown !== 'no') this.own(key, from, worker);
    else if (session.worker === undefined) assign(key, session, worker);
    if (!refuses || session.invite === undefined) return 'go-on';
    return this.#handOn(key, session) ? 'handed-on' : 'go-on';
  }

  own(key: string, from: string, worker: HubWorker | undefined): void {
    const session = this.#sessions.get(key) ?? unowned();
    this.#parts.clock.clearTimeout(session.timer);
    session.timer = undefined;
    session.shown = 'no';
    session.owner = from;
    assign(key, session, worker);
    this.#sessions.set(key, session);
  }

  /** The INVITE has its final response: no other connector can have the call. */
  settle(key: string): void {
    const session = this.#sessions.get(key);
    if (session !== undefined) session.invite = undefined;
  }

  forget(key: string): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    this.#parts.clock.clearTimeout(session.timer);
    session.worker?.sessions.delete(key);
    this.#sessions.delete(key);
  }

  /**
   * A connector has left, or is no more: its calls without an answer go to others, those that are up end.
   *
   * @param graceful It ends them itself, and is given the time for it.
   */
  release(worker: HubWorker, graceful: boolean): void {
    const { clock, session: opensips } = this.#parts;
    for (const key of [...worker.sessions]) {
      const session = this.#sessions.get(key);
      worker.sessions.delete(key);
      if (session === undefined) continue;
      session.worker = undefined;
      if (session.invite !== undefined) {
        this.#assign(key, session);
        continue;
      }
      const end = (): void => {
        void opensips(key).terminate();
        this.forget(key);
      };
      if (graceful) session.timer = clock.setTimeout(end, refusedMs);
      else end();
    }
  }

  /** OpenSIPS runs anew: it knows none of them. */
  clear(): void {
    for (const key of [...this.#sessions.keys()]) this.forget(key);
  }

  #takenFor({ key, entity }: SessionEvent): string | undefined {
    return entity === 'UAS' ? keyTakenFor(key, this.#sessions.keys()) : undefined;
  }

  #assign(key: string, session: HubSession): void {
    if (!this.#handOn(key, session)) this.#refuse(key, session);
  }

  /** To the connector with the fewest calls among those that have not had it. False: there is none. */
  #handOn(key: string, session: HubSession): boolean {
    const { invite } = session;
    if (session.owner !== undefined) session.tried.add(session.owner);
    const free = this.#parts.candidates().filter(({ name }) => !session.tried.has(name));
    const [next] = free.sort((a, b) => a.busySeconds - b.busySeconds || a.sessions.size - b.sessions.size);
    if (next === undefined || invite === undefined) return false;
    session.worker?.sessions.delete(key);
    session.owner = next.name;
    session.worker = next;
    next.sessions.add(key);
    next.send(invite);
    return true;
  }

  #refuse(key: string, session: HubSession): void {
    const { clock } = this.#parts;
    const opensips = this.#parts.session(key);
    session.invite = undefined;
    void opensips.reply('INVITE', 503, undefined, { headers: [retryAfterField(FULL_RETRY_AFTER_SECONDS)] });
    session.timer = clock.setTimeout(() => {
      void opensips.terminate();
      this.forget(key);
    }, refusedMs);
  }

  /**
   * Nobody may have it any more: what waits for an answer gets one, when nobody has given it.
   *
   * @param key of the session; that of the event has another To tag where the request had
   */
  #showToAll(key: string, session: HubSession, event: SessionEvent, datagram: Buffer): void {
    const { clock } = this.#parts;
    for (const worker of this.#parts.candidates()) worker.send(datagram);
    const { entity, method, type } = event;
    const answered = entity === 'UAC' && method === 'INVITE' && type === 'ANSWERED';
    // The far end says 200 again and again.
    if (session.timer !== undefined && (!answered || session.shown === 'answer')) return;
    clock.clearTimeout(session.timer);
    session.shown = answered ? 'answer' : 'event';
    session.timer = clock.setTimeout(
      () => {
        this.forget(key);
        const waits = type === 'UPDATED' && method !== 'ACK';
        const cancelled = entity === 'UAS' && type === 'TERMINATED' && method === 'CANCEL';
        const opensips = this.#parts.session(event.key);
        if (waits) void opensips.reply(method, 481).then(() => opensips.terminate());
        else if (cancelled) void opensips.reply('INVITE', 487).then(() => opensips.terminate());
        // Nobody has sent the ACK: whoever dialled is no more, and the far end would hear nothing for hours.
        else if (answered) void opensips.terminate();
      },
      answered ? ANSWERED_MS : CLAIM_MS,
    );
  }
}

function unowned(): HubSession {
  return { owner: undefined, worker: undefined, invite: undefined, tried: new Set(), timer: undefined, shown: 'no' };
}

/** Events of the session go to `worker`. */
function assign(key: string, session: HubSession, worker: HubWorker | undefined): void {
  session.worker = worker;
  worker?.sessions.add(key);
}

/** OpenSIPS has forgotten the session. */
function isLast({ entity, method, status, type }: SessionEvent): boolean {
  if (method === 'BYE') return type === 'TERMINATED' || status >= 200;
  return entity === 'UAC' && method === 'INVITE' && type === 'REJECTED' && status >= 300;
}

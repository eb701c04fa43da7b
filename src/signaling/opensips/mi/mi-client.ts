import type { Clock, TimerHandle } from '../../../base/clock.js';
import { type LaneUser, MiLane } from './mi-lane.js';
import type { MiLink } from './mi-link.js';
import { METHOD_NOT_FOUND, type MiAnswer, type MiParams, readMiAnswer, writeMiRequest } from './mi-message.js';

/** What became of a command. */
export type MiOutcome =
  | { readonly type: 'done'; readonly result: unknown }
  /** OpenSIPS would not; `message` is its own. */
  | { readonly type: 'refused'; readonly code: number; readonly message: string }
  /** No answer: nobody knows whether it was carried out. */
  | { readonly type: 'lost' };

export interface MiClientOptions {
  /** Time for the answer, by attempt, ms. Commands that may be repeated are sent once for each, others wait for as long. */
  readonly attemptMs: readonly number[];
  /** Commands of each kind that wait for an answer at once. The others wait for their turn. */
  readonly atOnce: Readonly<Record<CommandKind, number>>;
  /** Longest wait for its turn, ms; then a command is lost. */
  readonly turnMs: number;
  /** Commands of each kind that wait for their turn; more are lost. */
  readonly maxWaiting: number;
}

/**
 * The socket of OpenSIPS (mi_datagram) holds some 270 commands at the size that Linux gives it, and drops the others: 88
 * fit, each of them sent three times, also while OpenSIPS does something else.
 */
export const miClientDefaults = {
  attemptMs: [500, 1_000, 2_000],
  atOnce: { ending: 32, session: 48, other: 8 },
  turnMs: 5_000,
  maxWaiting: 10_000,
} as const satisfies MiClientOptions;

/**
 * Kinds do not wait for one another: a call that rings is answered while a thousand others are being ended, and that
 * OpenSIPS is there is noticed whatever its sessions do.
 *
 * - `ending`: ends a session that is over for us.
 * - `session`: anything else about a session.
 * - `other`: subscription, signs of life, variables.
 */
type CommandKind = 'ending' | 'session' | 'other';

interface Pending extends LaneUser {
  readonly method: string;
  readonly params: MiParams;
  readonly lane: MiLane;
  readonly attempts: number;
  readonly settle: (outcome: MiOutcome) => void;
  attempt: number;
  /** It was sent under the name of OpenSIPS 4. */
  prefixed: boolean;
  /** OpenSIPS did not know it under one name, and has been asked for the other. */
  renamed: boolean;
  timer: TimerHandle | undefined;
}

/** OpenSIPS 4 moves the commands of b2b_entities under its name, and may one day drop the old ones. */
const MODULE_PREFIX = 'b2b_entities:';
const SESSION_COMMAND = /^ua_session_/;

const LOST: MiOutcome = { type: 'lost' };

/** Sends MI commands and matches their answers by id. Nothing blocks; an answer that does not come is `lost`. */
export class MiClient {
  readonly #link: MiLink;
  readonly #clock: Clock;
  readonly #options: MiClientOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #lanes: Readonly<Record<CommandKind, MiLane>>;
  #lastId = 0;
  #prefixed = false;
  #closed = false;

  constructor(link: MiLink, clock: Clock, options: MiClientOptions = miClientDefaults) {
    this.#link = link;
    this.#clock = clock;
    this.#options = options;
    const { ending, session, other } = options.atOnce;
    this.#lanes = { ending: new MiLane(ending), session: new MiLane(session), other: new MiLane(other) };
  }

  /** As {@link MiLink.address}. */
  get address(): string | undefined {
    return this.#link.address;
  }

  /** Throws `ERR_LISTEN` as {@link MiLink.open} does. */
  async open(): Promise<void> {
    await this.#link.open((text) => this.#receive(text));
  }

  /**
   * Runs a command, as soon as those of its kind leave room; never rejects.
   *
   * @param repeatable It may be carried out twice without harm: it is sent again, under the same id, while no answer comes.
   */
  call(method: string, params: MiParams, repeatable: boolean): Promise<MiOutcome> {
    const { attemptMs, maxWaiting, turnMs } = this.#options;
    const lane = this.#lanes[kindOf(method, params)];
    if (this.#closed || lane.waiting >= maxWaiting) return Promise.resolve(LOST);
    return new Promise((resolve) => {
      const id = this.#nextId();
      const pending: Pending = {
        method,
        params,
        lane,
        attempts: repeatable ? attemptMs.length : 1,
        start: () => {
          this.#clock.clearTimeout(pending.timer);
          pending.prefixed = this.#prefixed && SESSION_COMMAND.test(method);
          this.#transmit(id, pending);
        },
        settle: resolve,
        attempt: 0,
        prefixed: false,
        renamed: false,
        timer: this.#clock.setTimeout(() => this.#settle(id, pending, LOST), turnMs),
      };
      this.#pending.set(id, pending);
      lane.enter(pending);
    });
  }

  /** Waits for no answer any more: commands are lost, those to come as well. */
  giveUp(): void {
    this.#closed = true;
    // Those that wait for their turn first: they are not to have it now.
    for (const [id, pending] of this.#pending) if (pending.attempt === 0) this.#settle(id, pending, LOST);
    for (const [id, pending] of this.#pending) this.#settle(id, pending, LOST);
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.#link.close();
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % 0x7fffffff) + 1;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #transmit(id: number, pending: Pending): void {
    const { attemptMs } = this.#options;
    const once = pending.attempts === 1;
    const delayMs = once ? attemptMs.reduce((sum, each) => sum + each, 0) : (attemptMs[pending.attempt] ?? 0);
    pending.attempt += 1;
    pending.timer = this.#clock.setTimeout(() => {
      if (pending.attempt < pending.attempts) this.#transmit(id, pending);
      else this.#settle(id, pending, LOST);
    }, delayMs);
    this.#link.send(writeMiRequest(id, (pending.prefixed ? MODULE_PREFIX : '') + pending.method, pending.params));
  }

  #receive(text: string): void {
    const answer = readMiAnswer(text);
    const pending = answer === undefined ? undefined : this.#pending.get(answer.id);
    if (answer === undefined || pending === undefined) return;
    if (this.#tryOtherName(answer, pending)) return;
    this.#settle(answer.id, pending, outcomeOf(answer));
  }

  /**
   * A command that OpenSIPS does not know under one name may have the other: it may have been replaced by another version,
   * older or newer, while we were at it. Several may be on their way at once.
   */
  #tryOtherName(answer: MiAnswer, pending: Pending): boolean {
    const unknown = answer.type === 'error' && answer.code === METHOD_NOT_FOUND;
    if (!unknown || pending.renamed || !SESSION_COMMAND.test(pending.method)) return false;
    pending.renamed = true;
    pending.prefixed = !pending.prefixed;
    this.#clock.clearTimeout(pending.timer);
    pending.attempt = 0;
    // The old id may still be answered, for an attempt before.
    this.#pending.delete(answer.id);
    const id = this.#nextId();
    this.#pending.set(id, pending);
    this.#transmit(id, pending);
    return true;
  }

  #settle(id: number, pending: Pending, outcome: MiOutcome): void {
    this.#pending.delete(id);
    this.#clock.clearTimeout(pending.timer);
    const known = outcome.type === 'done' || (outcome.type === 'refused' && outcome.code !== METHOD_NOT_FOUND);
    // Which name it has is what the next command starts with.
    if (known && SESSION_COMMAND.test(pending.method)) this.#prefixed = pending.prefixed;
    pending.settle(outcome);
    pending.lane.leave(pending);
  }
}

function kindOf(method: string, params: MiParams): CommandKind {
  if (!SESSION_COMMAND.test(method)) return 'other';
  const bye = method === 'ua_session_update' && 'method' in params && params['method'] === 'BYE';
  return bye || method === 'ua_session_terminate' ? 'ending' : 'session';
}

function outcomeOf(answer: MiAnswer): MiOutcome {
  return answer.type === 'result'
    ? { type: 'done', result: answer.result }
    : { type: 'refused', code: answer.code, message: answer.message };
}

import type { Clock, TimerHandle } from '../../base/clock.js';
import { isObject } from '../../base/is-object.js';
import type { Logger } from '../../flavor-api/index.js';
import type { MiClient } from './mi/mi-client.js';
import type { SubscriptionOptions } from './opensips-options.js';
import { UA_SESSION_EVENT } from './session-event.js';

export interface SubscriptionParts {
  readonly mi: MiClient;
  readonly clock: Clock;
  readonly options: SubscriptionOptions;
  readonly log: Logger | undefined;
  /** Where the events are to go: `udp:ADDRESS:PORT`. Asked each time: where OpenSIPS is may be known only then. */
  readonly socket: () => string;
  /** OpenSIPS sends events, or no longer does as far as we know. Only changes are told. */
  readonly onChange: (state: 'up' | 'down') => void;
  /** OpenSIPS runs anew: it knows no session any more. */
  readonly onRestart: () => void;
}

/** In the answer of a hub to `uptime`: which one it is. */
export const HUB_FIELD = 'Hub since';

/**
 * Keeps OpenSIPS sending its events: subscribes, as soon as it is there, again long before the subscription ends, and at
 * once after a restart, which its `uptime` shows. Without this an OpenSIPS that was restarted would raise its events for
 * nobody, and every caller would hear nothing.
 */
export class Subscription {
  readonly #parts: SubscriptionParts;
  #timer: TimerHandle | undefined;
  #state: 'new' | 'up' | 'down' = 'new';
  #since: string | undefined;
  #hub = '';
  #renewAtMs = 0;
  #failures = 0;
  /** OpenSIPS has been asked, and has not answered: it may have taken it. */
  #asking = false;
  #closed = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** The events come by a hub, which has other connectors too. */
  get behindHub(): boolean {
    return this.#hub !== '';
  }

  /** Resolves after the first attempt, whatever came of it; goes on until {@link close}. */
  async start(): Promise<void> {
    await this.#round();
  }

  /** Tells OpenSIPS that nobody listens any more: an expiry of 0, since it has no command to unsubscribe. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#parts.clock.clearTimeout(this.#timer);
    if (this.#state === 'up' || this.#asking) await this.#subscribe(0);
  }

  async #round(): Promise<void> {
    const { clock, options } = this.#parts;
    const alive = await this.#lookAndRenew();
    if (this.#closed) return;
    this.#failures = alive ? 0 : this.#failures + 1;
    this.#become(alive ? 'up' : 'down');
    const delayMs = alive
      ? options.probeMs
      : Math.min(options.probeMs, options.retryMs * 2 ** Math.min(this.#failures, 16));
    this.#timer = clock.setTimeout(() => void this.#round(), delayMs);
  }

  async #lookAndRenew(): Promise<boolean> {
    const { clock, options } = this.#parts;
    const said = await this.#runningSince();
    if (said === undefined) return false;
    const { since, hub } = said;
    // Another hub knows nothing of our subscription; the calls are there all the same.
    if (hub !== this.#hub) this.#renewAtMs = 0;
    this.#hub = hub;
    const restarted = this.#since !== undefined && this.#since !== since;
    this.#since = since;
    if (restarted) {
      this.#parts.log?.warn({}, 'OpenSIPS was restarted: its sessions are gone');
      this.#parts.onRestart();
    }
    if (!restarted && this.#state === 'up' && clock.now() < this.#renewAtMs) return true;
    if (this.#closed || !(await this.#subscribe(options.expiresSeconds))) return false;
    this.#renewAtMs = clock.now() + options.renewMs;
    return true;
  }

  /** When this OpenSIPS was started, in its own words, and by which hub; `undefined`: it does not answer. */
  async #runningSince(): Promise<{ readonly since: string; readonly hub: string } | undefined> {
    const outcome = await this.#parts.mi.call('uptime', {}, this.#state === 'up');
    if (outcome.type === 'lost') return undefined;
    const result = outcome.type === 'done' && isObject(outcome.result) ? outcome.result : {};
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    // Where the command is not allowed, restarts are noticed at the next renewal only.
    return { since: text(result['Up since']), hub: text(result[HUB_FIELD]) };
  }

  async #subscribe(seconds: number): Promise<boolean> {
    const { mi, socket, log } = this.#parts;
    const params = { event: UA_SESSION_EVENT, socket: socket(), expire: seconds };
    this.#asking = true;
    const outcome = await mi.call('event_subscribe', params, true);
    this.#asking = false;
    if (outcome.type === 'refused') {
      log?.error({ code: outcome.code, problem: outcome.message }, 'OpenSIPS refuses the subscription to its events');
    }
    return outcome.type === 'done';
  }

  #become(state: 'up' | 'down'): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.onChange(state);
  }
}

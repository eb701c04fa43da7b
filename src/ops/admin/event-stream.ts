import { Readable } from 'node:stream';
import type { Clock, TimerHandle } from '../../base/clock.js';
import type { EventSubscription, SubscriptionItem } from '../event-hub.js';

export const eventStreamDefaults = {
  /** A comment this often tells both ends, and what is between them, that the connection lives. */
  heartbeatMs: 15_000,
  /** What the client is asked to wait before it comes back. */
  retryMs: 3000,
} as const satisfies { heartbeatMs: number; retryMs: number };

/**
 * Call events as server-sent events (WHATWG HTML section 9.2): `event` is the event's type, `data` the event as JSON,
 * `id` what to send as Last-Event-ID. Events are taken out of the subscription only as fast as the client reads.
 */
export class EventStream extends Readable {
  readonly #subscription: EventSubscription;
  readonly #clock: Clock;
  #heartbeat: TimerHandle;
  /** The reader wants more, and there was nothing to give. */
  #hungry = false;
  #finished = false;

  constructor(subscription: EventSubscription, clock: Clock) {
    super({ encoding: 'utf8' });
    this.#subscription = subscription;
    this.#clock = clock;
    // Sent at once, so that the client knows the connection stands.
    this.push(`retry: ${eventStreamDefaults.retryMs}\n\n`);
    this.#heartbeat = this.#nextHeartbeat();
    subscription.onReady(() => this.#feed());
  }

  /** Ends the stream after what the client can still be given. Idempotent. */
  end(): void {
    this.#subscription.close();
  }

  override _read(): void {
    this.#hungry = true;
    this.#feed();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#finished = true;
    this.#clock.clearTimeout(this.#heartbeat);
    this.#subscription.close();
    done(error);
  }

  #feed(): void {
    while (this.#hungry && !this.#finished) {
      const item = this.#subscription.take();
      if (item) this.#hungry = this.push(format(item));
      else if (this.#subscription.ended) {
        this.#finished = true;
        this.push(null);
      } else return;
    }
  }

  #nextHeartbeat(): TimerHandle {
    return this.#clock.setTimeout(() => {
      if (this.#finished) return;
      // A client that does not read needs no sign of life; its connection times out.
      if (this.#hungry) this.#hungry = this.push(':\n\n');
      this.#heartbeat = this.#nextHeartbeat();
    }, eventStreamDefaults.heartbeatMs);
  }
}

function format(item: SubscriptionItem): string {
  // JSON has no raw line breaks, which would end the field.
  if (item.type === 'gap') return `event: gap\ndata: ${JSON.stringify({ missed: item.missed })}\n\n`;
  return `id: ${item.id}\nevent: ${item.event.type}\ndata: ${JSON.stringify(item.event)}\n\n`;
}

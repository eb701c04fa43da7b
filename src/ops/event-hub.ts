import { errorCode } from '../base/connector-error.js';
import type { Random } from '../base/random.js';
import type { Logger } from '../flavor-api/logger.js';
import type { CallEvent, CallEventSink } from './call-event.js';

type WithoutRecord<Event> = Event extends { readonly record: unknown } ? Omit<Event, 'record'> : Event;

/** A call event as subscribers see it: the record, which names the caller, stays out. */
export type PublicCallEvent = WithoutRecord<CallEvent>;

/** What a subscription hands out. */
export type SubscriptionItem =
  | { readonly type: 'event'; readonly id: string; readonly event: PublicCallEvent }
  /** The subscriber was too slow, or away too long: so many events, of whatever call, are no longer remembered. */
  | { readonly type: 'gap'; readonly missed: number };

export interface SubscriptionOptions {
  /** Only events of this call: those that are remembered first, so that who asks for a call misses nothing of it. */
  readonly callId?: string | undefined;
  /** The last event the subscriber has seen, as in `Last-Event-ID`: those after it are given again. */
  readonly afterId?: string | undefined;
}

/** One subscriber's place in the stream. */
export interface EventSubscription {
  /** The next item, or `undefined` when none waits. */
  take(): SubscriptionItem | undefined;
  /** Whether it is over: what waits can still be taken, nothing more comes. */
  readonly ended: boolean;
  /** Called when something comes to a subscriber that has taken all there was, and at the end. One listener. */
  onReady(listener: () => void): void;
  /** Idempotent. */
  close(): void;
}

export const eventHubDefaults = {
  /** Events remembered: how far a subscriber may fall behind, and how far back one who returns can go. */
  memory: 4096,
  subscribers: 32,
} as const satisfies { memory: number; subscribers: number };

/**
 * Passes the events of all calls on: to listeners inside the process at once, to subscribers from one bounded memory in
 * which each has its place. Nobody here can slow a call down, make it fail, or hold memory by being slow.
 */
export class EventHub {
  readonly #log: Logger;
  /** Ids of another process must not be taken for ours. */
  readonly #epoch: string;
  readonly #listeners = new Set<CallEventSink>();
  readonly #subscribers = new Set<Subscription>();
  /** The latest events; the last one has the number `#sequence`. */
  readonly #memory: PublicCallEvent[] = [];
  #sequence = 0;
  #dropped = 0;
  #closed = false;

  constructor(deps: { readonly log: Logger; readonly random: Random }) {
    this.#log = deps.log;
    this.#epoch = deps.random.hex(4);
  }

  /** Subscribers at the moment, and events that slow ones have missed so far. */
  get stats(): { readonly subscribers: number; readonly dropped: number } {
    return { subscribers: this.#subscribers.size, dropped: this.#dropped };
  }

  /** Takes an event. Never throws, whatever the listeners do. */
  readonly publish: CallEventSink = (event) => {
    if (this.#closed) return;
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        const fields = { call: event.callId, event: event.type, code: errorCode(error) };
        this.#log.error(fields, 'a listener of call events failed');
      }
    }
    this.#sequence += 1;
    this.#memory.push(withoutRecord(event));
    if (this.#memory.length > eventHubDefaults.memory) this.#memory.shift();
    for (const subscriber of this.#subscribers) subscriber.published(this.#sequence, event.callId);
  };

  /** Calls `listener` with every event, synchronously. @returns What ends that. */
  listen(listener: CallEventSink): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** @returns `undefined` when there are as many subscribers as may be, or the hub has closed. */
  subscribe(options: SubscriptionOptions = {}): EventSubscription | undefined {
    if (this.#closed || this.#subscribers.size >= eventHubDefaults.subscribers) return undefined;
    const position = this.#beginning(options);
    const subscription: Subscription = new Subscription(position, options.callId, {
      next: (after) => this.#next(after, options.callId),
      forget: () => this.#subscribers.delete(subscription),
    });
    this.#subscribers.add(subscription);
    return subscription;
  }

  /** Ends every subscription; later events are ignored. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const subscriber of [...this.#subscribers]) subscriber.close();
    this.#listeners.clear();
  }

  /** The number of the event after which a subscriber begins. */
  #beginning({ callId, afterId }: SubscriptionOptions): number {
    if (afterId !== undefined) return this.#positionOf(afterId);
    return callId === undefined ? this.#sequence : this.#sequence - this.#memory.length;
  }

  /** After an id of another process, or nonsense, everything remembered is new to the subscriber. */
  #positionOf(id: string): number {
    const [epoch, text = ''] = id.split('-', 2);
    const sequence = /^\d{1,15}$/.test(text) ? Number(text) : 0;
    return epoch === this.#epoch && sequence <= this.#sequence ? sequence : 0;
  }

  /** The first item after the event numbered `after`, and where that leaves the subscriber. */
  #next(after: number, callId: string | undefined): { item: SubscriptionItem | undefined; position: number } {
    const before = this.#sequence - this.#memory.length;
    if (after < before) {
      this.#dropped += before - after;
      return { item: { type: 'gap', missed: before - after }, position: before };
    }
    for (let position = after + 1; position <= this.#sequence; position += 1) {
      const event = this.#memory[position - before - 1];
      if (event && (callId === undefined || event.callId === callId)) {
        return { item: { type: 'event', id: `${this.#epoch}-${position}`, event }, position };
      }
    }
    return { item: undefined, position: this.#sequence };
  }
}

interface SubscriptionHub {
  readonly next: (after: number) => { item: SubscriptionItem | undefined; position: number };
  readonly forget: () => void;
}

class Subscription implements EventSubscription {
  readonly #callId: string | undefined;
  readonly #hub: SubscriptionHub;
  #position: number;
  #ready: (() => void) | undefined;
  #ended = false;

  constructor(position: number, callId: string | undefined, hub: SubscriptionHub) {
    this.#position = position;
    this.#callId = callId;
    this.#hub = hub;
  }

  get ended(): boolean {
    return this.#ended;
  }

  take(): SubscriptionItem | undefined {
    const { item, position } = this.#hub.next(this.#position);
    this.#position = position;
    return item;
  }

  onReady(listener: () => void): void {
    this.#ready = listener;
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hub.forget();
    this.#ready?.();
  }

  published(sequence: number, callId: string): void {
    if (this.#position !== sequence - 1) return;
    // Events of other calls that pass while nothing waits are not missed.
    if (this.#callId !== undefined && callId !== this.#callId) this.#position = sequence;
    else this.#ready?.();
  }
}

function withoutRecord(event: CallEvent): PublicCallEvent {
  if (event.type !== 'call-ended') return event;
  const { record: _record, ...rest } = event;
  return rest;
}

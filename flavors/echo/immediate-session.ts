import {
  type AudioFrame,
  type CallContext,
  FlavorError,
  FlavorEventQueue,
  type FlavorSession,
} from 'sip-voice-connector/flavor';
import { BacklogFilter } from './backlog-filter.js';

/** All that comes back is one response, as long as the call. */
const RESPONSE_ID = 'echo';

/**
 * Every frame comes back at once, invented ones included, so that the caller's timeline is kept; all but those that a
 * stall of the process has made late.
 */
export class ImmediateSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #call: CallContext;
  readonly #now: () => number;
  readonly #backlog = new BacklogFilter();
  #started = false;

  /** @param now Monotonic milliseconds. */
  constructor(call: CallContext, now: () => number) {
    this.#call = call;
    this.#now = now;
    const end = (): void => this.events.push({ type: 'end', reason: 'aborted' });
    if (call.signal.aborted) end();
    else call.signal.addEventListener('abort', end, { once: true });
  }

  /** Hot path: one event and one copy out of Node's buffer pool. */
  write(frame: AudioFrame): void {
    if (!this.#started || this.events.ended) return;
    if (this.#backlog.isBacklog(frame.positionMs, this.#now())) return;
    this.events.push({ type: 'audio', responseId: RESPONSE_ID, data: Buffer.from(frame.data) });
  }

  start(): void {
    this.#started = true;
    if (this.#call.greeting !== undefined) this.speak();
  }

  speak(): void {
    const error = new FlavorError('ERR_FLAVOR_UNSUPPORTED', 'the immediate echo has no voice of its own', false);
    this.events.push({ type: 'warning', error });
  }

  interrupt(): void {
    // Nothing is ever ahead of the caller.
  }

  onPlayout(): void {
    // An echo remembers nothing that the caller could have missed.
  }

  onDtmf(): void {
    // The capabilities do not name `dtmf`.
  }

  onToolResult(): void {
    // The capabilities do not name `tools`.
  }

  async update(): Promise<void> {
    throw new FlavorError('ERR_FLAVOR_UNSUPPORTED', 'an echo has nothing to change', false);
  }
}

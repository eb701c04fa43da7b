import {
  type AudioFrame,
  type CallContext,
  FlavorError,
  FlavorEventQueue,
  type FlavorSession,
} from 'sip-voice-connector/flavor';

/** All that comes back is one response, as long as the call. */
const RESPONSE_ID = 'echo';

/** Every frame comes back at once, invented ones included, so that the caller's timeline is kept. */
export class ImmediateSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #call: CallContext;
  #started = false;

  constructor(call: CallContext) {
    this.#call = call;
    const end = (): void => this.events.push({ type: 'end', reason: 'aborted' });
    if (call.signal.aborted) end();
    else call.signal.addEventListener('abort', end, { once: true });
  }

  /** Hot path: one event and one copy out of Node's buffer pool. */
  write(frame: AudioFrame): void {
    if (!this.#started || this.events.ended) return;
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

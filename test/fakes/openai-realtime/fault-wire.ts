import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import { type Fault, type FaultName, type MomentaryFault, momentaryFaults } from './faults.js';
import { memberAt } from './json-value.js';
import type { Reply } from './reply.js';
import type { ServerEvent } from './server-event.js';

/** What lies below: a connection that does as it is told. */
export interface Wire {
  send(event: ServerEvent): void;
  sendText(text: string): void;
  sendBinary(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
  drop(): void;
}

const FLOOD_MS = 600_000;
const OVERSIZED_BYTES = 32 * 1024 * 1024;
const LATE_DELTAS = 5;
/** Events that announce audio, which `wrong-order` holds back until some has come. */
const ANNOUNCEMENTS = ['response.created', 'response.output_item.added', 'response.content_part.added'];

/** A connection's way out, with all that can go wrong on it. */
export class FaultWire {
  readonly #wire: Wire;
  readonly #clock: Clock;
  #faults: readonly Fault[] = [];
  #silent = false;
  #held: ServerEvent[] = [];
  /** The response whose first audio has come. */
  #speaking: unknown;
  #lastAudio: ServerEvent | undefined;
  #timer: TimerHandle | undefined;

  constructor(wire: Wire, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  has(name: FaultName): boolean {
    return this.#find(name) !== undefined;
  }

  /** Gives the connection faults from the start. */
  arm(faults: readonly Fault[]): void {
    this.#faults = [...this.#faults, ...faults];
    this.#silent ||= this.has('silent');
  }

  /** Gives a connection that is up a fault; one for idle times happens now. */
  strike(fault: Fault): void {
    if (fault.options.when === 'idle' && isMomentary(fault.name)) this.#happen(fault.name);
    else this.arm([fault]);
  }

  /** Takes all faults away. */
  heal(): void {
    this.#faults = [];
    this.#silent = false;
    for (const event of this.#held.splice(0)) this.#wire.send(event);
  }

  /** Calls `begin` when the session is to begin. */
  beginning(begin: () => void): void {
    const slow = this.#find('slow-session');
    if (slow === undefined) begin();
    else this.#timer = this.#clock.setTimeout(begin, slow.options.delayMs);
  }

  /** The reply that the model gives in place of the scripted one. */
  bend(reply: Reply): Reply {
    if (this.has('insufficient-quota')) return { ...reply, failure: quota };
    if (this.has('rate-limit-exceeded')) return { ...reply, failure: rateLimit };
    if (this.has('response-failed')) return { ...reply, failure: { type: 'server_error', code: 'server_error' } };
    const slow = this.#find('slow-audio');
    return slow === undefined ? reply : { ...reply, delayMs: (reply.delayMs ?? 0) + slow.options.delayMs };
  }

  send(event: ServerEvent): void {
    if (this.#silent) return;
    if (this.has('wrong-order') && ANNOUNCEMENTS.includes(event.type)) {
      this.#held.push(event);
      return;
    }
    if (event.type === 'response.output_audio.delta') this.#sendAudio(event);
    else this.#wire.send(event);
    if (event.type === 'session.updated') this.#happenAll('idle');
    if (event.type === 'response.done') this.#afterDone(event);
  }

  /** The connection is gone. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#silent = true;
  }

  #sendAudio(event: ServerEvent): void {
    const first = this.#speaking !== event['response_id'];
    this.#speaking = event['response_id'];
    this.#lastAudio = event;
    for (let copies = this.#copiesOf(event, first); copies > 0; copies -= 1) this.#wire.send(event);
    for (const held of this.#held.splice(0)) this.#wire.send(held);
    if (first) this.#happenAll('speech');
  }

  #copiesOf(event: ServerEvent, first: boolean): number {
    if (first && this.has('audio-flood')) {
      // At 8 bytes a millisecond; three times as much as PCM would be.
      const bytes = Buffer.byteLength(String(event['delta']), 'base64');
      return Math.ceil((FLOOD_MS * 8) / Math.max(1, bytes));
    }
    return this.has('duplicate-audio') ? 2 : 1;
  }

  #afterDone(event: ServerEvent): void {
    for (const held of this.#held.splice(0)) this.#wire.send(held);
    const cancelled = memberAt(event, ['response', 'status']) === 'cancelled';
    const late = this.#lastAudio;
    if (!cancelled || late === undefined || !this.has('late-deltas')) return;
    for (let i = 0; i < LATE_DELTAS; i += 1) this.#wire.send(late);
  }

  #happenAll(when: 'speech' | 'idle'): void {
    const due = this.#faults.filter(({ name, options }) => isMomentary(name) && options.when === when);
    this.#faults = this.#faults.filter((fault) => !due.includes(fault));
    for (const { name } of due) if (isMomentary(name)) this.#happen(name);
  }

  #happen(fault: MomentaryFault): void {
    const wire = this.#wire;
    switch (fault) {
      case 'close-1000':
        wire.close(1000, '');
        return;
      case 'close-1006':
        wire.drop();
        return;
      case 'close-1011':
        wire.close(1011, 'server_error');
        return;
      case 'error-continue':
        wire.send(serverError);
        return;
      case 'error-close':
        wire.send(serverError);
        wire.close(1011, 'server_error');
        return;
      case 'session-expired':
        wire.send(expiredError);
        wire.close(1001, EXPIRED);
        return;
      case 'malformed':
        wire.sendText(MALFORMED);
        return;
      case 'binary':
        wire.sendBinary(Uint8Array.of(0, 1, 2, 3, 0xff));
        return;
      case 'oversized':
        wire.sendText(`{"type":"response.output_audio.delta","delta":"${'A'.repeat(OVERSIZED_BYTES)}"}`);
        return;
      case 'fall-silent':
        this.#silent = true;
        return;
    }
  }

  #find(name: FaultName): Fault | undefined {
    return this.#faults.find((fault) => fault.name === name);
  }
}

/** What `malformed` and `malformNext` send. */
export const MALFORMED = '{"type":"response.output_audio.delta","delta":';

/** What the service says at the end of the longest session. */
export const EXPIRED = 'Your session hit the maximum duration of 60 minutes.';

const quota = {
  type: 'insufficient_quota',
  code: 'insufficient_quota',
  message: 'You exceeded your current quota, please check your plan and billing details.',
};

const rateLimit = {
  type: 'rate_limit_exceeded',
  code: 'rate_limit_exceeded',
  message: 'Rate limit reached for gpt-realtime on tokens per min (TPM). Please try again in 1.2s.',
};

const serverError = {
  type: 'error',
  error: {
    type: 'server_error',
    code: null,
    message: 'The server had an error while processing your request. Sorry about that!',
    param: null,
    event_id: null,
  },
} as const;

const expiredError = {
  type: 'error',
  error: { type: 'invalid_request_error', code: 'session_expired', message: EXPIRED, param: null, event_id: null },
} as const;

function isMomentary(name: FaultName): name is MomentaryFault {
  return (momentaryFaults as readonly string[]).includes(name);
}

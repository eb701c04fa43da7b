import type { CauseText, EndedBy } from '../ops/call-record.js';

/**
 * A call's life. `preparing`: no final answer was sent; media and flavor open. `answered`: 200 sent, ACK awaited.
 * `active`: confirmed. `ending`: the outcome is fixed and things close. `ended`: everything is closed, the record is
 * written.
 */
export type CallPhase = 'preparing' | 'answered' | 'active' | 'ending' | 'ended';

/** A resource that takes time to open and to close. */
export type Resource = 'opening' | 'open' | 'closing' | 'closed';

/** Why a call is over: fixed by the first event that ends it, never changed after. */
export interface CallOutcome {
  readonly endedBy: EndedBy;
  readonly cause: CauseText;
  /** Final SIP status of the INVITE, or 200 for an answered call. */
  readonly status: number;
}

export interface CallState {
  readonly phase: CallPhase;
  readonly media: Resource;
  readonly session: Resource;
  /** The route's answer delay has run out (or there is none). */
  readonly delayOver: boolean;
  /** The route asks for 183 with audio before the 200. */
  readonly earlyMedia: boolean;
  /** The 200 has been asked for and is not sent yet: the journal comes first. */
  readonly accepting: boolean;
  /** `session.start()` has been asked for. */
  readonly started: boolean;
  /** The agent has asked to hang up: its last words are being played. */
  readonly leaving: boolean;
  readonly outcome: CallOutcome | undefined;
}

/** Everything that can happen to a call. Any order is possible; the reducer has an answer to each. */
export type CallEvent =
  | { readonly type: 'media-opened' }
  | { readonly type: 'media-failed' }
  | { readonly type: 'media-closed' }
  | { readonly type: 'session-opened' }
  /** `open()` rejected. */
  | { readonly type: 'session-failed' }
  /** The event stream ended. */
  | { readonly type: 'session-ended'; readonly reason: 'completed' | 'aborted' | 'failed' }
  /** The stream did not end in time after the abort. */
  | { readonly type: 'session-abandoned' }
  | { readonly type: 'delay-elapsed' }
  | { readonly type: 'open-timed-out' }
  /** The 200 was sent. */
  | { readonly type: 'accepted' }
  /** ACK, with a usable answer where our 200 carried the offer. */
  | { readonly type: 'confirmed' }
  /** ACK whose answer cannot be used. */
  | { readonly type: 'answer-unusable' }
  /** The dialog is over, by whatever side. */
  | { readonly type: 'leg-ended'; readonly by: 'peer' | 'local' | 'ack-timeout' | 'transport'; readonly status: number }
  /** The agent called `hang_up`, or its session completed. */
  | { readonly type: 'agent-leaving' }
  /** The agent's last words were played, or time for them ran out. */
  | { readonly type: 'farewell-over' }
  | { readonly type: 'limit-reached'; readonly limit: 'rtp-timeout' | 'silence' | 'max-duration' }
  | { readonly type: 'told-to-end'; readonly by: 'admin' | 'drain' };

/** What the reducer wants done; `call.ts` does it. */
export type CallEffect =
  /** 180. */
  | { readonly type: 'ring' }
  /** 183 with SDP, and audio from now on. */
  | { readonly type: 'ring-early' }
  /** 200; `accepted` reports it sent. */
  | { readonly type: 'accept' }
  | { readonly type: 'reject'; readonly status: number; readonly retryAfterSeconds: number | undefined }
  /** BYE, with the cause as Reason. */
  | { readonly type: 'hang-up'; readonly cause: CauseText }
  /** The caller hears: let the agent greet. */
  | { readonly type: 'start-session' }
  /** Play what is queued of the agent's speech to its end, then report `farewell-over`. */
  | { readonly type: 'await-farewell' }
  | { readonly type: 'arm-timer'; readonly timer: CallTimer }
  | { readonly type: 'disarm-timer'; readonly timer: CallTimer }
  /** Whatever was begun for the session ends: its own connection, tools that run. */
  | { readonly type: 'abort-session' }
  | { readonly type: 'close-media' }
  /** Everything is closed: write the record, forget the call. */
  | { readonly type: 'finish'; readonly outcome: CallOutcome };

/**
 * `delay`: the route's answer delay. `open`: the flavor's time to open. `duration`: the longest call. `abandon`: time
 * for a session to end after its abort.
 */
export type CallTimer = 'delay' | 'open' | 'duration' | 'abandon';

export const callTimers = ['delay', 'open', 'duration', 'abandon'] as const satisfies readonly CallTimer[];

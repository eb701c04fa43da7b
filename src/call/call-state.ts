import type { CauseText, EndedBy } from '../ops/call-record.js';
import type { SessionEnd } from './session/session-link.js';

/**
 * A call's life. `preparing`: no final answer was sent, or came; media and flavor open. `answered`: 200 sent, ACK awaited;
 * a call of ours goes from `preparing` to `active` at once. `active`: confirmed. `ending`: the outcome is fixed and things close. `ended`: everything is closed, the record is
 * written.
 */
export type CallPhase = 'preparing' | 'answered' | 'active' | 'ending' | 'ended';

/** A resource that takes time to open and to close. */
type Resource = 'opening' | 'open' | 'closing' | 'closed';

/** Why a call is over: fixed by the first event that ends it, never changed after. */
export interface CallOutcome {
  readonly endedBy: EndedBy;
  readonly cause: CauseText;
  /** Final SIP status of the INVITE, or 200 for an answered call. */
  readonly status: number;
}

export interface CallState {
  readonly phase: CallPhase;
  /** We have called. */
  readonly outbound: boolean;
  readonly media: Resource;
  readonly session: Resource;
  /** The route's answer delay has run out (or there is none). */
  readonly delayOver: boolean;
  /** The route asks for 183 with audio before the 200. */
  readonly earlyMedia: boolean;
  /** The 200 has been asked for and is not sent yet: the journal comes first. */
  readonly accepting: boolean;
  /** The first session was told to start: the caller can hear. A session that takes over is started as soon as it is open. */
  readonly started: boolean;
  /** Last words are being played: those of the agent who hangs up, or of the host. What the call will end with. */
  readonly leaving: CallOutcome | undefined;
  /** A transfer was asked for and its result is not known: a peer that hangs up meanwhile has taken it. */
  readonly transferring: boolean;
  /** The caller talks with the target of a transfer, not with the agent: what the call will end with when they part. */
  readonly bridged: CallOutcome | undefined;
  readonly outcome: CallOutcome | undefined;
}

/** Everything that can happen to a call. Any order is possible; the reducer has an answer to each. */
export type CallEvent =
  | { readonly type: 'media-opened' }
  | { readonly type: 'media-failed' }
  | { readonly type: 'media-closed' }
  | { readonly type: 'session-opened' }
  /** `open()` rejected, or took too long. `recovery`: there is another way to get a session. */
  | { readonly type: 'session-failed'; readonly recovery: boolean }
  /** The event stream ended, or the session was given up for not answering. `recovery`: as above. */
  | {
      readonly type: 'session-ended';
      readonly reason: SessionEnd['reason'];
      readonly recovery: boolean;
    }
  /** The stream did not end in time after the abort. */
  | { readonly type: 'session-abandoned' }
  | { readonly type: 'delay-elapsed' }
  /** The 200 was sent. */
  | { readonly type: 'accepted' }
  /** ACK, with a usable answer where our 200 carried the offer. */
  | { readonly type: 'confirmed' }
  /** Outbound: 200 with a usable answer; its ACK has been sent. */
  | { readonly type: 'answered' }
  /** ACK, or 200 to an INVITE of ours, whose answer cannot be used. */
  | { readonly type: 'answer-unusable' }
  /** The dialog is over, by whatever side. */
  | { readonly type: 'leg-ended'; readonly by: 'peer' | 'local' | 'ack-timeout' | 'transport'; readonly status: number }
  /** The agent called `hang_up`, or its session completed. */
  | { readonly type: 'agent-leaving' }
  /** The last words were played, or time for them ran out. `of`: what they were said for, which may be past. */
  | { readonly type: 'farewell-over'; readonly of?: CallOutcome | undefined }
  /** A caller who was given up for silent speaks or presses a key. */
  | { readonly type: 'caller-returned' }
  /** The agent transfers the caller after all. */
  | { readonly type: 'agent-staying' }
  | { readonly type: 'transfer-begun' }
  /** The REFER's result. */
  | { readonly type: 'transfer-over'; readonly ok: boolean }
  /** The caller talks with the target of a transfer, through us and without the agent. */
  | { readonly type: 'bridged' }
  /** That target has hung up, or is gone. */
  | { readonly type: 'bridge-over' }
  /** The longest call is nearly over. */
  | { readonly type: 'warning-due' }
  | { readonly type: 'limit-reached'; readonly limit: 'rtp-timeout' | 'silence' | 'max-duration' | 'spend-limit' }
  | { readonly type: 'told-to-end'; readonly by: 'admin' | 'drain' };

/** What the reducer wants done; `call.ts` does it. */
export type CallEffect =
  /** Send the INVITE. */
  | { readonly type: 'dial' }
  /** 180. */
  | { readonly type: 'ring' }
  /** 183 with SDP, and audio from now on. */
  | { readonly type: 'ring-early' }
  /** 200; `accepted` reports it sent. */
  | { readonly type: 'accept' }
  | { readonly type: 'reject'; readonly status: number; readonly retryAfterSeconds: number | undefined }
  /** BYE, or CANCEL of an INVITE of ours that has no answer, with the cause as Reason, and its status (200 when absent). */
  | { readonly type: 'hang-up'; readonly cause: CauseText; readonly reasonStatus?: 487 | 488 }
  /** The caller hears: let the agent greet. */
  | { readonly type: 'start-session' }
  /** The session is lost and there is another way: open it, and tell the caller to wait. */
  | { readonly type: 'reopen-session' }
  /** The session that was opened anew takes the conversation over. */
  | { readonly type: 'take-over' }
  /** No session is left: the host says so and, where the route has it, transfers; then `farewell-over`. */
  | { readonly type: 'apologise' }
  /** The caller is silent for too long, or the money is spent: the goodbye for that, then `farewell-over`. */
  | { readonly type: 'say-goodbye'; readonly limit: 'silence' | 'spend-limit' }
  /** Tell the caller that the call will end soon. */
  | { readonly type: 'warn' }
  /** Play what is queued of the agent's speech to its end, then report `farewell-over`. */
  | { readonly type: 'await-farewell' }
  | { readonly type: 'arm-timer'; readonly timer: CallTimer }
  | { readonly type: 'disarm-timer'; readonly timer: CallTimer }
  /** Whatever was begun for the session ends: its own connection, tools that run. */
  | { readonly type: 'abort-session' }
  /** `farewell`: we end the call, so an RTCP BYE goes with the SIP one. */
  | { readonly type: 'close-media'; readonly farewell: boolean }
  /** BYE to whom the caller was bridged with. */
  | { readonly type: 'close-bridge'; readonly cause: CauseText }
  /** Everything is closed: write the record, forget the call. */
  | { readonly type: 'finish'; readonly outcome: CallOutcome };

/**
 * `delay`: the route's answer delay. `open`: the flavor's time to open. `warning`: until the caller is told that the
 * longest call is nearly over, `duration`: until it is. `abandon`: time for a session to end after its abort.
 */
export type CallTimer = 'delay' | 'open' | 'warning' | 'duration' | 'abandon';

export const callTimers = ['delay', 'open', 'warning', 'duration', 'abandon'] as const satisfies readonly CallTimer[];

import type { Clock } from '../base/clock.js';
import type { HeaderFields } from '../base/header-fields.js';
import type { EventRound, Logger } from '../flavor-api/index.js';
import type { MediaEngine } from '../media/engine.js';
import type { CallEventSink, CallSummary } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import type { CallMeter } from '../ops/cost/spend-book.js';
import type { SignalingFeatures } from '../signaling/port.js';
import type { TransferTarget } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import type { CallLimits } from './call-limits.js';
import type { SecondLegDeps } from './control/second-leg.js';
import type { CallSounds } from './media/background-scene.js';
import type { OpenRecorder } from './media/call-media.js';
import type { MediaNegotiation } from './media/media-negotiation.js';
import type { CallIdentity, RecordedPersonalData } from './record-builder.js';
import type { ReplyWatchOptions } from './reply-watch.js';
import type { FailOverPlan } from './session/fail-over-plan.js';
import type { Announcer, Cue, Saying } from './speech/announcement.js';
import type { InterruptionOptions } from './turns/turn-taking.js';

/** What is known of a call before it begins. */
export interface CallOptions {
  readonly identity: CallIdentity;
  /** The route's greeting, or none: then the flavor's. */
  readonly greeting: Saying | undefined;
  /** The route's instructions, filled in, or none: then the flavor's. */
  readonly instructions: string | undefined;
  /** Fills `{{name}}` into a text of the operator's, with what is known of this call. */
  render(text: string): string;
  readonly variables: Readonly<Record<string, string>>;
  /** SIP headers exposed to the flavor. */
  readonly headers: ReadonlyMap<string, string>;
  readonly answer: { readonly delayMs: number; readonly earlyMedia: boolean; readonly headers: HeaderFields };
  /** How the call is ended: header fields of the BYE or the refusal. */
  readonly hangUp: { readonly headers: HeaderFields };
  readonly limits: CallLimits;
  readonly interruption: InterruptionOptions;
  readonly silence: SilencePolicy;
  readonly ending: EndingPolicy;
  readonly failure: FailurePolicy;
  readonly recording: RecordingPolicy;
  /** Personal data that goes into the record. */
  readonly include: readonly RecordedPersonalData[];
}

/** What is said to a caller who says nothing. */
interface SilencePolicy {
  /** Silence before each question, ms. */
  readonly repromptMs: number;
  /** Before the first, to somebody who has not been heard yet, ms. Default: `repromptMs`. */
  readonly firstMs?: number | undefined;
  /** The first time, the second time ...; empty: nobody is asked. */
  readonly reprompts: readonly Cue[];
  /** Said before the call is ended for `limits.silenceMs`, or after the last question. */
  readonly goodbye: Cue | undefined;
}

/** What is said before a call is over for its length or its cost. */
interface EndingPolicy {
  /** How long before, ms. */
  readonly warningMs: number;
  readonly warning: Cue | undefined;
  /** Before a call is ended because it, or the day, has cost as much as it may. */
  readonly spent: Saying | undefined;
}

/** What is said of the recording. */
interface RecordingPolicy {
  /** Before anything else. Without it, where it is wanted and cannot be said, nothing is recorded. */
  readonly announcement: Saying | undefined;
}

/** What happens when a session fails; in which order others are asked is the plan's. */
interface FailurePolicy extends ReplyWatchOptions {
  /** Said when a reply, or another session, takes longer than `waitingAfterMs`. */
  readonly waiting: Saying | undefined;
  /** Said when nobody is left to ask. */
  readonly apology: Saying | undefined;
  /** Where the caller then goes. */
  readonly transfer: TransferTarget | undefined;
}

/** What a call works with. */
export interface CallDeps {
  readonly clock: Clock;
  readonly engine: MediaEngine;
  /** Whom to ask for a session. */
  readonly plan: FailOverPlan;
  /** The connector's, in which events of its sessions are heard. */
  readonly eventRound: EventRound;
  readonly announcer: Announcer;
  readonly sounds: CallSounds;
  readonly negotiation: MediaNegotiation;
  /** Of the driver that the call came by. */
  readonly features: SignalingFeatures;
  readonly tools: ToolRunner;
  /** How the target of a transfer is called. */
  readonly second: SecondLegDeps;
  /** `undefined` where calls are not recorded. */
  readonly openRecorder: OpenRecorder | undefined;
  /** Child logger of this call. */
  readonly log: Logger;
  readonly emit: CallEventSink;
  /** Awaited before the 200; never rejects. A crash from then on still leaves a record. */
  beforeAnswer(call: CallSummary, costSoFar: () => number | null): Promise<unknown>;
  /** What the call costs; see `SpendBook.open`. */
  openMeter(onExhausted: () => void): CallMeter;
  /** The call is over and everything is closed. */
  onFinished(record: CallRecord): void;
}

import type { Clock } from '../base/clock.js';
import type { Flavor, Logger } from '../flavor-api/index.js';
import type { MediaEngine } from '../media/engine.js';
import type { CallEventSink, CallSummary } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import type { CallLimits } from './call-limits.js';
import type { OpenRecorder } from './call-media.js';
import type { MediaNegotiation } from './media-negotiation.js';
import type { CallIdentity, RecordedPersonalData } from './record-builder.js';

/** What is known of a call before it begins. */
export interface CallOptions {
  readonly identity: CallIdentity;
  /** Rendered greeting of the route. */
  readonly greeting: string | undefined;
  /** Fills `{{name}}` into a text of the operator's, with what is known of this call. */
  render(text: string): string;
  readonly variables: Readonly<Record<string, string>>;
  /** SIP headers exposed to the flavor. */
  readonly headers: ReadonlyMap<string, string>;
  readonly answer: { readonly delayMs: number; readonly earlyMedia: boolean };
  readonly limits: CallLimits;
  /** Personal data that goes into the record. */
  readonly include: readonly RecordedPersonalData[];
}

/** What a call works with. */
export interface CallDeps {
  readonly clock: Clock;
  readonly engine: MediaEngine;
  readonly flavor: Flavor;
  readonly negotiation: MediaNegotiation;
  readonly tools: ToolRunner;
  /** `undefined` where calls are not recorded. */
  readonly openRecorder: OpenRecorder | undefined;
  /** Child logger of this call. */
  readonly log: Logger;
  readonly emit: CallEventSink;
  /** Awaited before the 200; never rejects. A crash from then on still leaves a record. */
  beforeAnswer(call: CallSummary): Promise<unknown>;
  /** The call is over and everything is closed. */
  onFinished(record: CallRecord): void;
}

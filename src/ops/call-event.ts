import type { BargeInRecord, CallRecord, CauseText, EndedBy, TurnRecord } from './call-record.js';

/** Of which call, and when. */
interface OfCall {
  readonly callId: string;
  /** Wall time, ms since the epoch. */
  readonly atMs: number;
}

/** What happens in calls, for the admin's event stream, metrics and tests. No transcript, digit or number in it. */
export type CallEvent = CallHappening & OfCall;

/** What happens in one call. */
export type CallHappening =
  | {
      readonly type: 'call-started';
      readonly direction: 'inbound' | 'outbound';
      readonly route: string | null;
      readonly flavor: string | null;
    }
  | { readonly type: 'call-ringing' }
  /** Outbound: a provisional response of the other side. `earlyMedia`: it brings audio before the answer. */
  | { readonly type: 'call-progress'; readonly status: number; readonly earlyMedia: boolean }
  | { readonly type: 'call-answered'; readonly codec: string; readonly setupMs: number }
  | { readonly type: 'call-held' }
  | { readonly type: 'call-resumed' }
  /** Somebody else has taken the caller's place. */
  | { readonly type: 'call-taken-over' }
  | { readonly type: 'caller-speaking'; readonly speaking: boolean }
  | { readonly type: 'agent-speaking'; readonly speaking: boolean; readonly interrupted?: boolean }
  /** The first audible packet of an answer left. `stages`: as far as they are known at that moment. */
  | { readonly type: 'turn'; readonly v2vMs: number; readonly stages: TurnRecord['stages'] }
  | ({ readonly type: 'barge-in' } & Pick<BargeInRecord, 'resumed' | 'onsetToPauseMs' | 'decisionToSilenceMs'>)
  | { readonly type: 'digit' }
  | { readonly type: 'tool'; readonly name: string; readonly ok: boolean; readonly ms: number }
  /** A session was lost, and another is asked for. `flavor`: as the configuration names it. */
  | { readonly type: 'fail-over'; readonly flavor: string; readonly code: string }
  | { readonly type: 'warning'; readonly code: string }
  | {
      readonly type: 'call-ended';
      readonly endedBy: EndedBy;
      readonly cause: CauseText;
      readonly status: number;
      readonly durationMs: number;
      readonly record: CallRecord;
      /** What the media stream counted and the record does not carry. Absent where there was no stream. */
      readonly media?: {
        /** Packets refused, by reason: a bounded set of names. */
        readonly dropped: Readonly<Record<string, number>>;
        readonly skippedSlots: number;
      };
    };

/** Takes events; never throws. */
export type CallEventSink = (event: CallEvent) => void;

/** A call in progress, as `GET /calls` shows it. */
export interface CallSummary {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly route: string | null;
  readonly flavor: string | null;
  readonly codec: string | null;
  readonly state: string;
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly durationMs: number;
  /** Answers of the agent so far, and voice-to-voice latency of the latest, `null` before the first. */
  readonly turns: number;
  readonly v2vMs: number | null;
}

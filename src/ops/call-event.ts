import type { CallRecord, CauseText, EndedBy, TurnRecord } from './call-record.js';

/**
 * What happens in calls, for the admin's event stream, metrics and tests. No transcript, digit or number in it.
 * `atMs` is wall time, ms since the epoch.
 */
export type CallEvent =
  | {
      readonly type: 'call-started';
      readonly callId: string;
      readonly atMs: number;
      readonly direction: 'inbound' | 'outbound';
      readonly route: string | null;
      readonly flavor: string | null;
    }
  | { readonly type: 'call-ringing'; readonly callId: string; readonly atMs: number }
  /** Outbound: a provisional response of the other side. `earlyMedia`: it brings audio before the answer. */
  | {
      readonly type: 'call-progress';
      readonly callId: string;
      readonly atMs: number;
      readonly status: number;
      readonly earlyMedia: boolean;
    }
  | {
      readonly type: 'call-answered';
      readonly callId: string;
      readonly atMs: number;
      readonly codec: string;
      readonly setupMs: number;
    }
  | { readonly type: 'call-held'; readonly callId: string; readonly atMs: number }
  | { readonly type: 'call-resumed'; readonly callId: string; readonly atMs: number }
  /** Somebody else has taken the caller's place. */
  | { readonly type: 'call-taken-over'; readonly callId: string; readonly atMs: number }
  | { readonly type: 'caller-speaking'; readonly callId: string; readonly atMs: number; readonly speaking: boolean }
  | {
      readonly type: 'agent-speaking';
      readonly callId: string;
      readonly atMs: number;
      readonly speaking: boolean;
      readonly interrupted?: boolean;
    }
  | {
      /** The first audible packet of an answer left. */
      readonly type: 'turn';
      readonly callId: string;
      readonly atMs: number;
      readonly v2vMs: number;
      /** As far as they are known at that moment. */
      readonly stages: TurnRecord['stages'];
    }
  | {
      readonly type: 'barge-in';
      readonly callId: string;
      readonly atMs: number;
      readonly resumed: boolean;
      readonly onsetToPauseMs: number;
      readonly decisionToSilenceMs: number;
    }
  | { readonly type: 'digit'; readonly callId: string; readonly atMs: number }
  | {
      readonly type: 'tool';
      readonly callId: string;
      readonly atMs: number;
      readonly name: string;
      readonly ok: boolean;
      readonly ms: number;
    }
  /** A session was lost, and another is asked for. `flavor`: as the configuration names it. */
  | {
      readonly type: 'fail-over';
      readonly callId: string;
      readonly atMs: number;
      readonly flavor: string;
      readonly code: string;
    }
  | { readonly type: 'warning'; readonly callId: string; readonly atMs: number; readonly code: string }
  | {
      readonly type: 'call-ended';
      readonly callId: string;
      readonly atMs: number;
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

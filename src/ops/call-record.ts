/** Version of the record's shape; rises with every change that a reader could notice. */
export const CALL_RECORD_VERSION = 1;

/** Who ended the call. `caller`: whoever is on the phone, also where the connector has called. */
export type EndedBy = 'caller' | 'agent' | 'connector' | 'provider';

/** Why, in a bounded vocabulary; a BYE of ours carries it as an RFC 3326 Reason. */
export type CauseText =
  | 'normal'
  | 'cancelled'
  | 'rejected'
  | 'busy-limit'
  | 'rtp-timeout'
  | 'silence'
  | 'max-duration'
  /** The call, or the day, has cost as much as it may. */
  | 'spend-limit'
  | 'ack-timeout'
  | 'flavor-error'
  | 'drain'
  | 'admin'
  /** Outbound calls that were not answered. */
  | 'busy'
  | 'no-answer'
  /** No way to whom we call, or the way to the phone was lost, also while it waited for the answer. */
  | 'unreachable';

/** All causes, for metrics and documentation. */
export const causeTexts = [
  'normal',
  'cancelled',
  'rejected',
  'busy-limit',
  'rtp-timeout',
  'silence',
  'max-duration',
  'spend-limit',
  'ack-timeout',
  'flavor-error',
  'drain',
  'admin',
  'busy',
  'no-answer',
  'unreachable',
] as const satisfies readonly CauseText[];

/** One turn of the agent. */
export interface TurnRecord {
  /**
   * Last voiced caller frame received -> first voiced agent frame sent, both on the connector's own socket, ms. Absent
   * for speech that answers nothing: a greeting, a digit read back.
   */
  readonly v2vMs?: number;
  readonly stages: {
    readonly endOfTurnMs?: number;
    readonly transcriptMs?: number;
    readonly firstTokenMs?: number;
    readonly firstAudioMs?: number;
    readonly playoutMs?: number;
    /** Where the flavor began the answer before the turn was surely over: whether it could be used. */
    readonly speculative?: 'hit' | 'miss';
  };
  /**
   * Who made the audio, in order, where the flavor chooses among several, and why; as the flavor names them. Absent where
   * it does not. With `left`: it was asked, and nothing of it was heard; why.
   */
  readonly tiers?: readonly { readonly tier: string; readonly reason: string; readonly left?: string }[];
  readonly interrupted: boolean;
  /** Agent audio that left the socket, ms. */
  readonly heardMs: number;
  /** Milliseconds from `answeredAt` to the first and last packet of the turn. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Only with `cdr.include: [heardText]`. */
  readonly heardText?: string;
}

export interface BargeInRecord {
  /** From `answeredAt` to the caller's onset as detected, ms. */
  readonly onsetMs: number;
  /** First voiced packet of the interruption received -> agent silent on the wire. */
  readonly onsetToPauseMs: number;
  /** The command that silenced the agent given -> last agent sample on the wire. */
  readonly decisionToSilenceMs: number;
  readonly resumed: boolean;
}

/** What remains of a call: one JSON line. Written for every INVITE, answered or refused. */
export interface CallRecord {
  readonly version: typeof CALL_RECORD_VERSION;
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  /** Index and pattern of the route, or `null` when none was reached. */
  readonly route: string | null;
  readonly flavor: string | null;
  readonly codec: string | null;
  /** ISO 8601, UTC, milliseconds. */
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly endedAt: string;
  /** From answer to end; 0 when never answered. */
  readonly durationMs: number;
  readonly endedBy: EndedBy;
  readonly cause: { readonly sip: number; readonly text: CauseText };
  readonly turns: readonly TurnRecord[];
  readonly bargeIns: readonly BargeInRecord[];
  readonly rtp: {
    readonly in: {
      readonly packets: number;
      readonly lost: number;
      readonly lateDropped: number;
      readonly concealedMs: number;
      readonly jitterMs: number;
    };
    /** `lost`, `jitterMs` and `mos` by the peer's RTCP reports; `null` where it sent none. */
    readonly out: {
      readonly packets: number;
      readonly maxGapMs: number;
      readonly lost: number | null;
      readonly jitterMs: number | null;
      readonly mos: number | null;
    };
    readonly roundTripMs: number | null;
    readonly mos: number | null;
  } | null;
  /** Only with `cdr.include: [dtmf]`. */
  readonly dtmf?: string;
  readonly tools: readonly { readonly name: string; readonly ms: number; readonly ok: boolean }[];
  readonly usage: readonly {
    readonly provider: string;
    readonly model: string;
    readonly unit: string;
    readonly quantity: number;
  }[];
  /** Of what has a price; `null` when nothing has, or nothing was reported. */
  readonly costUsd: number | null;
  /** What has none, as `provider/model unit`. Absent where there is nothing. */
  readonly unpriced?: readonly string[];
  /** Only with `cdr.include: [transcript]`. */
  readonly transcript?: readonly { readonly role: 'caller' | 'agent'; readonly text: string; readonly atMs: number }[];
  /** Path of the file; `null` where there is none, also because it could not be made (then `error` says so). */
  readonly recording: string | null;
  /** What was left out of it, ms from its beginning. Absent where nothing was. */
  readonly recordingPauses?: readonly { readonly fromMs: number; readonly toMs: number }[];
  /**
   * Sessions that failed and were made good by another one: whose, why, and when, ms from `answeredAt` (below 0: while it
   * rang). Absent where there were none.
   */
  readonly failOvers?: readonly { readonly flavor: string; readonly code: string; readonly atMs: number }[];
  /**
   * Who took the caller's place in mid-call (INVITE with Replaces): user part of each, and when, ms from `answeredAt`. `from`
   * stays whoever called. Absent where nobody did.
   */
  readonly takeOvers?: readonly { readonly from: string; readonly atMs: number }[];
  readonly error: { readonly code: string; readonly message: string } | null;
  /**
   * Written at the next start for a call that was up when the process died. `endedAt` is then the last moment at which
   * the process is known to have lived, and what only that process knew (turns, RTP figures) is missing.
   */
  readonly recovered?: true;
}

/**
 * The record of a call of which nothing is known but whose it was and how it ended.
 *
 * @param end `atMs`: wall time, ms since the epoch
 */
export function emptyRecord(
  call: Pick<CallRecord, 'id' | 'direction' | 'from' | 'to' | 'route' | 'flavor' | 'startedAt'>,
  end: Pick<CallRecord, 'endedBy' | 'cause' | 'error'> & { readonly atMs: number },
): CallRecord {
  const { id, direction, from, to, route, flavor, startedAt } = call;
  const { atMs, endedBy, cause, error } = end;
  return {
    version: CALL_RECORD_VERSION,
    ...{ id, direction, from, to, route, flavor, codec: null, startedAt },
    ...{ answeredAt: null, endedAt: new Date(atMs).toISOString(), durationMs: 0, endedBy, cause },
    ...{ turns: [], bargeIns: [], rtp: null, tools: [], usage: [], costUsd: null, recording: null, error },
  };
}

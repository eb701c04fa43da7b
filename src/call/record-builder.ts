import type { FlavorEvent } from '../flavor-api/index.js';
import type { StreamStats } from '../media/engine.js';
import type { CallSummary } from '../ops/call-event.js';
import { type CallRecord, emptyRecord } from '../ops/call-record.js';
import type { CallMeter } from '../ops/cost/spend-book.js';
import type { CallOutcome } from './call-state.js';
import type { Dialogue } from './dialogue.js';
import type { RecordingPause } from './media/recording-tap.js';
import type { TurnLedger } from './turns/turn-ledger.js';

/** Kinds of usage kept of a call, and characters of what flavors call providers and models. */
const KEPT_KINDS = 200;
const NAME_LENGTH = 200;

/** Fields of the record that are personal data and off unless the operator lists them. */
export type RecordedPersonalData = 'transcript' | 'heardText' | 'dtmf';

/** What is known of a call when its INVITE has been read. */
export interface CallIdentity {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly route: string | null;
  readonly flavor: string | null;
  /** Wall time, ms since the epoch. */
  readonly startedAtMs: number;
}

/** What a call adds to its record on the way. */
export interface CallFacts {
  readonly codec: string | null;
  readonly answeredAtMs: number | null;
  /** {@link Clock.now} at the answer; the origin of all times inside the record. */
  readonly originMs: number;
  /** From the answer to the end, 0 without one: on the same clock, which no time server sets. */
  readonly durationMs: number;
  readonly ledger: TurnLedger;
  readonly dialogue: Dialogue;
  readonly stats: StreamStats | undefined;
  readonly digits: string;
  readonly tools: CallRecord['tools'];
  readonly usage: CallRecord['usage'];
  readonly cost: CallMeter['cost'];
  readonly recording: { readonly path: string | null; readonly pauses: readonly RecordingPause[] };
  readonly failOvers: NonNullable<CallRecord['failOvers']>;
  readonly takeOvers: NonNullable<CallRecord['takeOvers']>;
  readonly error: CallRecord['error'];
}

/** What `GET /calls` shows of a call that nobody has answered. */
export function unansweredSummary(identity: CallIdentity, state: string): CallSummary {
  const { id, direction, from, to, route, flavor, startedAtMs } = identity;
  const startedAt = new Date(startedAtMs).toISOString();
  return {
    id,
    ...{ direction, from, to, route, flavor, codec: null, state, startedAt },
    ...{ answeredAt: null, durationMs: 0, turns: 0, v2vMs: null },
  };
}

/** The record of a call that was admitted. `endedAtMs`: wall time. */
export function buildRecord(
  identity: CallIdentity,
  facts: CallFacts,
  outcome: CallOutcome,
  endedAtMs: number,
  include: readonly RecordedPersonalData[],
): CallRecord {
  const { stats } = facts;
  return {
    ...refusalRecord(identity, outcome, endedAtMs, facts.error),
    codec: facts.codec,
    answeredAt: facts.answeredAtMs === null ? null : new Date(facts.answeredAtMs).toISOString(),
    durationMs: facts.durationMs,
    turns: facts.ledger.turns().map((turn) => {
      const { heardText, ...rest } = turn;
      return include.includes('heardText') && heardText !== undefined ? { ...rest, heardText } : rest;
    }),
    bargeIns: facts.ledger.bargeIns(),
    rtp: stats === undefined ? null : rtpOf(stats),
    ...(include.includes('dtmf') && { dtmf: facts.digits }),
    tools: facts.tools,
    usage: facts.usage,
    costUsd: facts.cost.usd,
    ...(facts.cost.unpriced.length > 0 && { unpriced: facts.cost.unpriced }),
    ...(include.includes('transcript') && { transcript: facts.dialogue.transcript(facts.originMs) }),
    recording: facts.recording.path,
    ...(facts.recording.pauses.length > 0 && { recordingPauses: facts.recording.pauses }),
    ...(facts.failOvers.length > 0 && { failOvers: facts.failOvers }),
    ...(facts.takeOvers.length > 0 && { takeOvers: facts.takeOvers }),
  };
}

/** The record of an INVITE that never became a call. */
export function refusalRecord(
  identity: CallIdentity,
  outcome: CallOutcome,
  endedAtMs: number,
  error: CallRecord['error'] = null,
): CallRecord {
  const { endedBy, status: sip, cause: text } = outcome;
  const call = { ...identity, startedAt: new Date(identity.startedAtMs).toISOString() };
  return emptyRecord(call, { atMs: endedAtMs, endedBy, cause: { sip, text }, error });
}

/** Adds up usage events of the same kind. What is no quantity is left out: one such would spoil the sum, and the record. */
export function addUsage(sum: Map<string, CallRecord['usage'][number]>, event: FlavorEvent & { type: 'usage' }): void {
  if (!Number.isFinite(event.quantity) || event.quantity < 0) return;
  const [provider, model, unit] = [event.provider, event.model, event.unit].map(bounded);
  if (provider === undefined || model === undefined || unit === undefined) return;
  const key = JSON.stringify([provider, model, unit]);
  const before = sum.get(key);
  if (before === undefined && sum.size >= KEPT_KINDS) return;
  sum.set(key, { provider, model, unit, quantity: (before?.quantity ?? 0) + event.quantity });
}

/** Names of flavors' own making. */
function bounded(name: string): string {
  return String(name).slice(0, NAME_LENGTH);
}

function rtpOf(stats: StreamStats): NonNullable<CallRecord['rtp']> {
  return {
    in: {
      packets: stats.in.packets,
      lost: stats.in.lost,
      lateDropped: stats.in.lateDropped,
      concealedMs: stats.in.concealedMs,
      jitterMs: Math.round(stats.in.jitterMs * 10) / 10,
    },
    out: {
      packets: stats.out.packets,
      maxGapMs: Math.round(stats.out.maxGapMs * 10) / 10,
      lost: stats.remote.lost ?? null,
      jitterMs: rounded(stats.remote.jitterMs, 10),
      mos: rounded(stats.remote.mos, 100),
    },
    roundTripMs: rounded(stats.roundTripMs, 10),
    mos: rounded(stats.mos, 100),
  };
}

function rounded(value: number | undefined, perUnit: number): number | null {
  return value === undefined ? null : Math.round(value * perUnit) / perUnit;
}

import { assertUnreachable } from '../base/assert.js';
import { errorCodes } from '../base/error-codes.js';
import { flavorErrorCodes } from '../flavor-api/errors.js';
import type { CallEvent } from './call-event.js';
import type { CallRecord } from './call-record.js';
import { LabelValues, OTHER_LABEL } from './label-values.js';
import type { MetricFactory } from './metric-factory.js';
import { TurnMetrics } from './turn-metrics.js';

/** Upper bounds of buckets, in the unit of each metric. */
const metricBuckets = {
  setupSeconds: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
  durationSeconds: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200],
  roundTripSeconds: [0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1],
  mos: [1.5, 2, 2.5, 3, 3.3, 3.6, 3.8, 4, 4.2, 4.4],
} as const satisfies Record<string, readonly number[]>;

/** Statuses with a label value of their own; any other is counted by its class. */
const knownStatuses: ReadonlySet<number> = new Set([
  400, 401, 403, 404, 405, 408, 413, 415, 416, 420, 480, 481, 482, 483, 484, 486, 487, 488, 491, 500, 501, 503, 504,
  513, 600, 603, 604,
]);

/** Reasons for dropping packets are another room's set; this many are taken as they come. */
const LEARNT_REASONS = 32;

/** Tiers and reasons are a flavor's words; so many of each are taken as they come. */
const LEARNT_TIERS = 32;

/** Calls whose flavor is remembered until they end; one that never ended must not cost memory for ever. */
const REMEMBERED_CALLS = 20_000;

/** The metrics that calls feed by their events. */
export class CallMetrics {
  readonly #flavors: LabelValues;
  readonly #warningCodes = new LabelValues([...Object.keys(errorCodes), ...flavorErrorCodes]);
  readonly #tiers = new LabelValues([], LEARNT_TIERS);
  readonly #tierReasons = new LabelValues([], LEARNT_TIERS);
  readonly #dropReasons = new LabelValues([], LEARNT_REASONS);
  readonly #flavorByCall = new Map<string, string | null>();
  readonly #metrics: ReturnType<typeof makeMetrics>;

  constructor(factory: MetricFactory, flavors: readonly string[]) {
    this.#flavors = new LabelValues(flavors);
    this.#metrics = makeMetrics(factory);
  }

  setFlavors(names: readonly string[]): void {
    this.#flavors.setKnown(names);
  }

  observe(event: CallEvent): void {
    const { failOvers, setup, turns, toolCalls, warnings, skipped, dropped } = this.#metrics;
    switch (event.type) {
      case 'call-started':
        if (this.#flavorByCall.size < REMEMBERED_CALLS) this.#flavorByCall.set(event.callId, event.flavor);
        return;
      case 'call-answered':
        setup.observe({ flavor: this.#flavorOf(event.callId) }, event.setupMs / 1000);
        return;
      case 'turn':
        turns.onTurn(this.#flavorOf(event.callId), event.v2vMs, event.stages);
        return;
      case 'barge-in':
        turns.onBargeIn(event);
        return;
      case 'tool':
        toolCalls.add({ result: event.ok ? 'ok' : 'failed' });
        return;
      case 'fail-over':
        failOvers.add({ flavor: this.#flavorLabel(event.flavor), code: this.#warningCodes.of(event.code) });
        return;
      case 'warning':
        warnings.add({ code: this.#warningCodes.of(event.code) });
        return;
      case 'call-ended':
        this.#flavorByCall.delete(event.callId);
        this.#observeRecord(event.record);
        skipped.add({}, event.media?.skippedSlots ?? 0);
        for (const [reason, count] of Object.entries(event.media?.dropped ?? {})) {
          dropped.add({ reason: this.#dropReasons.of(reason) }, count);
        }
        return;
      case 'call-ringing':
      case 'call-progress':
      case 'call-held':
      case 'call-resumed':
      case 'call-taken-over':
      case 'caller-speaking':
      case 'agent-speaking':
      case 'digit':
        return;
      default:
        assertUnreachable(event);
    }
  }

  #observeRecord(record: CallRecord): void {
    const { calls, duration, refused, cost, packets, lost, late, concealed, mos } = this.#metrics;
    const flavor = this.#flavorLabel(record.flavor);
    calls.add({ direction: record.direction, flavor, cause: record.cause.text, ended_by: record.endedBy });
    if (record.answeredAt !== null) duration.observe({ flavor }, record.durationMs / 1000);
    else if (record.direction === 'inbound') refused.add({ status: statusLabel(record.cause.sip) });
    cost.add({ flavor }, record.costUsd ?? 0);
    for (const { tier, reason, left } of record.turns.flatMap(({ tiers = [] }) => tiers)) {
      if (left !== undefined) continue;
      this.#metrics.tiers.add({ flavor, tier: this.#tiers.of(tier), reason: this.#tierReasons.of(reason) });
    }
    if (record.rtp === null) return;
    const { in: received, out: sent } = record.rtp;
    packets.add({ direction: 'in' }, received.packets);
    packets.add({ direction: 'out' }, sent.packets);
    // Below zero when duplicates outnumber losses (RFC 3550 section A.3): that adds nothing.
    lost.add({}, received.lost);
    late.add({}, received.lateDropped);
    concealed.add({}, received.concealedMs / 1000);
    if (record.rtp.mos !== null) mos.observe({}, record.rtp.mos);
    this.#observeRemote(record.rtp);
  }

  /** What the other end said of what we sent. */
  #observeRemote({ out: sent, roundTripMs }: NonNullable<CallRecord['rtp']>): void {
    if (sent.lost !== null) this.#metrics.remoteLost.add({}, sent.lost);
    if (sent.mos !== null) this.#metrics.remoteMos.observe({}, sent.mos);
    if (roundTripMs !== null) this.#metrics.roundTrip.observe({}, roundTripMs / 1000);
  }

  #flavorLabel(name: string | null): string {
    return name === null ? 'none' : this.#flavors.of(name);
  }

  #flavorOf(callId: string): string {
    const name = this.#flavorByCall.get(callId);
    return name === undefined ? OTHER_LABEL : this.#flavorLabel(name);
  }
}

function statusLabel(status: number): string {
  return knownStatuses.has(status) ? String(status) : `${Math.floor(status / 100)}xx`;
}

function makeMetrics(factory: MetricFactory) {
  const { setupSeconds, durationSeconds } = metricBuckets;
  return {
    calls: factory.counter('calls_total', 'Calls that ended, refused ones included.', [
      'direction',
      'flavor',
      'cause',
      'ended_by',
    ]),
    refused: factory.counter('calls_refused_total', 'Inbound calls that were never answered, by final status.', [
      'status',
    ]),
    setup: factory.histogram('call_setup_seconds', 'From INVITE to answer.', ['flavor'], setupSeconds),
    duration: factory.histogram(
      'call_duration_seconds',
      'From answer to end, of answered calls.',
      ['flavor'],
      durationSeconds,
    ),
    turns: new TurnMetrics(factory),
    cost: factory.counter('cost_usd_total', 'What ended calls have cost, of what has a price.', ['flavor']),
    toolCalls: factory.counter(
      'tool_calls_total',
      'Tools run for agents.',
      ['result'],
      [{ result: 'ok' }, { result: 'failed' }],
    ),
    failOvers: factory.counter('fail_overs_total', 'Sessions that failed and were made good by another.', [
      'flavor',
      'code',
    ]),
    tiers: factory.counter('agent_tiers_total', 'Times a tier began to make audio in ended calls, by why it did.', [
      'flavor',
      'tier',
      'reason',
    ]),
    warnings: factory.counter('call_warnings_total', 'Troubles that calls survived.', ['code']),
    packets: factory.counter(
      'rtp_packets_total',
      'RTP packets of ended calls.',
      ['direction'],
      [{ direction: 'in' }, { direction: 'out' }],
    ),
    lost: factory.counter('rtp_lost_packets_total', 'RTP packets of ended calls that never came.', []),
    late: factory.counter('rtp_late_packets_total', 'RTP packets of ended calls that came too late to be played.', []),
    concealed: factory.counter('rtp_concealed_seconds_total', 'Caller audio of ended calls that was made up.', []),
    dropped: factory.counter('rtp_dropped_packets_total', 'Packets refused in ended calls.', ['reason']),
    skipped: factory.counter('rtp_skipped_slots_total', 'Sending slots missed in ended calls.', []),
    mos: factory.histogram(
      'mos',
      'Estimated quality of the audio received in ended calls, 1 to 4.5.',
      [],
      metricBuckets.mos,
    ),
    remoteLost: factory.counter(
      'rtp_remote_lost_packets_total',
      'RTP packets of ours that never came, as the other ends of ended calls report by RTCP.',
      [],
    ),
    remoteMos: factory.histogram(
      'remote_mos',
      'Estimated quality of the audio that the other ends of ended calls received, 1 to 4.5, by their RTCP reports.',
      [],
      metricBuckets.mos,
    ),
    roundTrip: factory.histogram(
      'rtp_round_trip_seconds',
      'Round trip on the network to the other ends of ended calls, by RTCP.',
      [],
      metricBuckets.roundTripSeconds,
    ),
  };
}

import type { RegistrationSummary } from '../../ops/admin/admin-control.js';
import type { CallSummary } from '../../ops/call-event.js';
import { type MetricSample, metricSamples } from './metric-samples.js';

/** What the admin interface of a connector has answered. */
export interface AdminAnswers {
  readonly readiness: { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly calls: readonly CallSummary[];
  readonly registrations: readonly RegistrationSummary[];
  /** Of `GET /metrics`. */
  readonly metrics: string;
}

/** How a connector is, in the numbers that are asked for first. */
export interface StatusReport {
  readonly ready: boolean;
  /** Why no new calls are taken. Servers and PBXs that are missed are named also where they are. */
  readonly reasons: readonly string[];
  readonly calls: readonly CallSummary[];
  /** Voice-to-voice latency of the last ten minutes, by flavor: of those that have answered in that time. */
  readonly answers: readonly {
    readonly flavor: string;
    readonly p50Ms: number;
    readonly p95Ms: number;
    readonly p99Ms: number;
  }[];
  /** Flavors whose circuit breaker is not closed. */
  readonly breakers: readonly { readonly flavor: string; readonly state: string }[];
  readonly registrations: readonly RegistrationSummary[];
  readonly mediaPorts: { readonly open: number; readonly resting: number; readonly free: number };
  readonly spentTodayUsd: number;
  /** Reports of usage that costs leave out. */
  readonly unpricedReports: number;
  readonly records: { readonly pending: number; readonly lost: number };
}

/** Puts together what a connector says of itself. */
export function statusReport({ readiness, calls, registrations, metrics }: AdminAnswers): StatusReport {
  const samples = metricSamples(metrics);
  const value = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    find(samples, name, labels)[0]?.value ?? 0;
  const port = (state: string): number => value('media_ports', { state });
  return {
    ...readiness,
    calls,
    answers: answersOf(samples),
    breakers: find(samples, 'circuit_breaker').flatMap(({ labels, value: current }) => {
      const state = labels.get('state') ?? '';
      return current === 1 && state !== 'closed' ? [{ flavor: labels.get('flavor') ?? '', state }] : [];
    }),
    registrations,
    mediaPorts: { open: port('open'), resting: port('resting'), free: port('free') },
    spentTodayUsd: value('spent_today_usd'),
    unpricedReports: value('unpriced_usage_total'),
    records: { pending: value('records_pending'), lost: value('records_lost_total') },
  };
}

function answersOf(samples: readonly MetricSample[]): StatusReport['answers'] {
  const recent = find(samples, 'recent_turn_seconds', { stage: 'voice-to-voice' });
  const flavors = new Set(recent.flatMap(({ labels }) => labels.get('flavor') ?? []));
  return [...flavors].map((flavor) => {
    const ms = (quantile: string): number =>
      Math.round((find(recent, 'recent_turn_seconds', { flavor, quantile })[0]?.value ?? 0) * 1000);
    return { flavor, p50Ms: ms('0.5'), p95Ms: ms('0.95'), p99Ms: ms('0.99') };
  });
}

function find(
  samples: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly MetricSample[] {
  return samples.filter(
    (sample) =>
      sample.name === `voice_connector_${name}` &&
      Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value),
  );
}

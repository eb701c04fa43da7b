import type { CircuitBreakerState } from '../base/circuit-breaker.js';
import { type RegistrationSummary, registrationStates } from './admin/admin-control.js';
import type { CallEventSink } from './call-event.js';
import { CallMetrics } from './call-metrics.js';
import type { EventLoopLag } from './event-loop-monitor.js';
import { LabelValues } from './label-values.js';
import { type MetricDescription, MetricFactory } from './metric-factory.js';
import type { RecordLogStatus } from './record-log.js';

const breakerStates = ['closed', 'open', 'half-open'] as const satisfies readonly CircuitBreakerState[];

/** Where gauges look when they are read. None may block; where one throws, its metric is left out. */
export interface MetricsSources {
  /** Calls in progress. */
  activeCalls(): number;
  /** Whether new calls are taken. */
  ready(): boolean;
  mediaPorts(): { readonly open: number; readonly resting: number; readonly free: number };
  records(): RecordLogStatus;
  /** What calls of this day have cost, USD, and reports of usage that has no price. */
  spending(): { readonly spentTodayUsd: number; readonly unpricedReports: number };
  /** Of the event hub. */
  events(): { readonly subscribers: number; readonly dropped: number };
  eventLoop(): EventLoopLag;
  /** Circuit breakers of the flavors in force. */
  breakers(): readonly { readonly flavor: string; readonly state: CircuitBreakerState }[];
  /** States of the extensions we are registered as. */
  registrations(): readonly Pick<RegistrationSummary, 'state'>[];
  /** Memory that the process holds, bytes. */
  residentBytes(): number;
}

/** One answered admin request. */
interface AdminRequestFacts {
  readonly method: string;
  /** The route's pattern, never the path itself; `undefined` when no route fits. */
  readonly route: string | undefined;
  readonly status: number;
}

/** The connector's figures for Prometheus. */
export interface Metrics {
  /** Counts what happens in calls. */
  readonly observe: CallEventSink;
  /** The flavors of the configuration in force; any other is counted as `other`. */
  setFlavors(names: readonly string[]): void;
  countReload(result: 'ok' | 'refused'): void;
  countAdminRequest(request: AdminRequestFacts): void;
  /** All metrics in Prometheus' text format. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
  readonly descriptions: readonly MetricDescription[];
}

/**
 * Makes the metrics, in a registry of their own. Every label comes from a bounded set: flavors of the configuration,
 * causes, directions, statuses, codes, route patterns.
 */
export function createMetrics(options: { readonly flavors: readonly string[] }, sources: MetricsSources): Metrics {
  const factory = new MetricFactory();
  const calls = new CallMetrics(factory, options.flavors);
  addGauges(factory, sources);
  addRecordMetrics(factory, sources);
  addCostMetrics(factory, sources);
  const reloads = factory.counter(
    'config_reloads_total',
    'Reloads of the configuration.',
    ['result'],
    [{ result: 'ok' }, { result: 'refused' }],
  );
  const requests = factory.counter('admin_requests_total', 'Admin requests answered.', ['method', 'route', 'status']);
  const methods = new LabelValues(['GET', 'HEAD', 'POST', 'DELETE']);
  return {
    observe: (event) => calls.observe(event),
    setFlavors: (names) => calls.setFlavors(names),
    countReload: (result) => reloads.add({ result }),
    countAdminRequest: ({ method, route, status }) =>
      requests.add({
        method: methods.of(method),
        route: route ?? 'none',
        status: `${Math.floor(status / 100)}xx`,
      }),
    render: async () => ({ contentType: factory.registry.contentType, text: await factory.registry.metrics() }),
    descriptions: factory.descriptions,
  };
}

function addGauges(factory: MetricFactory, sources: MetricsSources): void {
  factory.gauge('calls_active', 'Calls in progress.', [], () => [[{}, sources.activeCalls()]]);
  factory.gauge('ready', '1 while new calls are taken, else 0.', [], () => [[{}, sources.ready() ? 1 : 0]]);
  factory.gauge('media_ports', 'RTP ports by state: open, resting, free.', ['state'], () =>
    Object.entries(sources.mediaPorts()).map(([state, count]) => [{ state }, count]),
  );
  factory.gauge('event_loop_lag_seconds', 'Lateness of the event loop since the last reading.', ['quantile'], () => {
    const { p50Ms, p99Ms, maxMs } = sources.eventLoop();
    return [
      [{ quantile: '0.5' }, p50Ms / 1000],
      [{ quantile: '0.99' }, p99Ms / 1000],
      [{ quantile: '1' }, maxMs / 1000],
    ];
  });
  factory.gauge(
    'circuit_breaker',
    'State of the circuit breaker of a flavor: 1 for the state it is in.',
    ['flavor', 'state'],
    () =>
      sources
        .breakers()
        .flatMap(({ flavor, state }) =>
          breakerStates.map((each) => [{ flavor, state: each }, each === state ? 1 : 0] as const),
        ),
  );
  factory.gauge('registrations', 'Extensions of PBXs by the state of their registration.', ['state'], () => {
    const all = sources.registrations();
    return registrationStates.map((state) => [{ state }, all.filter((each) => each.state === state).length] as const);
  });
  factory.gauge('resident_memory_bytes', 'Memory of the process.', [], () => [[{}, sources.residentBytes()]]);
  factory.gauge('event_subscribers', 'Open event streams.', [], () => [[{}, sources.events().subscribers]]);
  factory.polledCounter(
    'events_dropped_total',
    'Events that slow event streams missed.',
    () => sources.events().dropped,
  );
}

function addCostMetrics(factory: MetricFactory, { spending }: MetricsSources): void {
  factory.gauge('spent_today_usd', 'What all calls have cost since midnight.', [], () => [
    [{}, spending().spentTodayUsd],
  ]);
  factory.polledCounter(
    'unpriced_usage_total',
    'Reports of usage without a price: costs leave it out.',
    () => spending().unpricedReports,
  );
}

function addRecordMetrics(factory: MetricFactory, sources: MetricsSources): void {
  const records = (): RecordLogStatus => sources.records();
  factory.gauge('records_pending', 'Call records that wait for the disk.', [], () => [[{}, records().pending]]);
  factory.gauge('records_recovered', 'Call records written at the start for calls that a crash cut off.', [], () => [
    [{}, records().recovered],
  ]);
  factory.polledCounter('records_written_total', 'Call records written.', () => records().written);
  factory.polledCounter('record_failures_total', 'Failed attempts to write or sync records.', () => records().failures);
  factory.polledCounter('records_lost_total', 'Call records given up.', () => records().lost);
}

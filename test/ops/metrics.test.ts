import { readFile } from 'node:fs/promises';
import { register } from 'prom-client';
import { expect, test, vi } from 'vitest';
import type { CallEvent } from '../../src/ops/call-event.js';
import { causeTexts } from '../../src/ops/call-record.js';
import { createEventLoopMonitor } from '../../src/ops/event-loop-monitor.js';
import { createMetrics, type Metrics, type MetricsSources } from '../../src/ops/metrics.js';
import { endedEvent } from '../support/sample-events.js';
import { fullRecord, sampleRecord } from '../support/sample-record.js';

const sources: MetricsSources = {
  activeCalls: () => 3,
  ready: () => true,
  mediaPorts: () => ({ open: 3, resting: 2, free: 95 }),
  spending: () => ({ spentTodayUsd: 12.5, unpricedReports: 3 }),
  records: () => ({ pending: 1, written: 20, failures: 2, lost: 0, recovered: 4, open: 3 }),
  events: () => ({ subscribers: 1, dropped: 7 }),
  eventLoop: () => ({ p50Ms: 1, p99Ms: 5, maxMs: 20 }),
  registrations: () => [{ state: 'registered' }, { state: 'failed' }, { state: 'failed' }],
  breakers: () => [{ flavor: 'frontdesk', state: 'open' }],
  residentBytes: () => 1_000_000,
};

/** Samples by `name{labels}`, without the prefix. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const { text } = await metrics.render();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space).replace(/^voice_connector_/, ''), Number(line.slice(space + 1))];
    }),
  );
}

function bench(flavors: readonly string[] = ['echo', 'frontdesk']): Metrics {
  return createMetrics({ flavors }, sources);
}

const started = (callId: string, flavor: string | null): CallEvent => ({
  type: 'call-started',
  callId,
  atMs: 0,
  direction: 'inbound',
  route: null,
  flavor,
});

test('an answered call is counted with its direction, flavor, cause and end, and its figures add up', async () => {
  const metrics = bench();
  metrics.observe(started('call-1', 'echo'));
  metrics.observe({ type: 'call-answered', callId: 'call-1', atMs: 0, codec: 'pcmu', setupMs: 12 });
  const stages = { endOfTurnMs: 300, firstTokenMs: 400, firstAudioMs: 560, playoutMs: 80, speculative: 'hit' } as const;
  metrics.observe({ type: 'turn', callId: 'call-1', atMs: 0, v2vMs: 640, stages });
  const bargeIn = { type: 'barge-in', callId: 'call-1', atMs: 0, onsetToPauseMs: 90, decisionToSilenceMs: 14 } as const;
  metrics.observe({ ...bargeIn, resumed: false });
  metrics.observe({ ...bargeIn, resumed: true });
  metrics.observe({ type: 'tool', callId: 'call-1', atMs: 0, name: 'hang_up', ok: true, ms: 3 });
  metrics.observe({ type: 'tool', callId: 'call-1', atMs: 0, name: 'book', ok: false, ms: 3 });
  metrics.observe({ type: 'warning', callId: 'call-1', atMs: 0, code: 'ERR_FLAVOR_NETWORK' });
  metrics.observe({
    ...endedEvent(sampleRecord({ id: 'call-1' })),
    media: { dropped: { 'wrong-source': 5, malformed: 2 }, skippedSlots: 3 },
  });
  const found = await samples(metrics);
  expect(found.get('calls_total{direction="inbound",flavor="echo",cause="normal",ended_by="caller"}')).toBe(1);
  expect(found.get('call_setup_seconds_sum{flavor="echo"}')).toBeCloseTo(0.012);
  expect(found.get('call_setup_seconds_bucket{le="0.01",flavor="echo"}')).toBe(0);
  expect(found.get('call_setup_seconds_bucket{le="0.02",flavor="echo"}')).toBe(1);
  expect(found.get('call_duration_seconds_sum{flavor="echo"}')).toBeCloseTo(9.5);
  expect(found.get('voice_to_voice_seconds_sum{flavor="echo"}')).toBeCloseTo(0.64);
  expect(found.get('turn_stage_seconds_sum{stage="end-of-turn",flavor="echo"}')).toBeCloseTo(0.3);
  expect(found.get('turn_stage_seconds_sum{stage="first-token",flavor="echo"}')).toBeCloseTo(0.4);
  expect(found.get('turn_stage_seconds_sum{stage="first-audio",flavor="echo"}')).toBeCloseTo(0.56);
  expect(found.get('turn_stage_seconds_sum{stage="playout",flavor="echo"}')).toBeCloseTo(0.08);
  expect([...found.keys()].filter((name) => name.includes('stage="transcript"'))).toEqual([]);
  expect(found.get('speculative_answers_total{flavor="echo",result="hit"}')).toBe(1);
  // The record has the barge-in as well; it is counted once.
  expect(found.get('barge_ins_total{outcome="interrupted"}')).toBe(1);
  expect(found.get('barge_ins_total{outcome="resumed"}')).toBe(1);
  expect(found.get('barge_in_silence_seconds_sum')).toBeCloseTo(0.028);
  expect(found.get('barge_in_pause_seconds_sum')).toBeCloseTo(0.18);
  expect(found.get('tool_calls_total{result="ok"}')).toBe(1);
  expect(found.get('tool_calls_total{result="failed"}')).toBe(1);
  expect(found.get('call_warnings_total{code="ERR_FLAVOR_NETWORK"}')).toBe(1);
  expect(found.get('rtp_packets_total{direction="in"}')).toBe(475);
  expect(found.get('rtp_packets_total{direction="out"}')).toBe(475);
  expect(found.get('rtp_lost_packets_total')).toBe(2);
  expect(found.get('rtp_late_packets_total')).toBe(1);
  expect(found.get('rtp_concealed_seconds_total')).toBeCloseTo(0.06);
  expect(found.get('rtp_dropped_packets_total{reason="wrong-source"}')).toBe(5);
  expect(found.get('rtp_skipped_slots_total')).toBe(3);
  expect(found.get('mos_sum')).toBeCloseTo(4.3);
  expect(found.get('rtp_remote_lost_packets_total')).toBe(1);
  expect(found.get('remote_mos_sum')).toBeCloseTo(4.2);
  expect(found.get('rtp_round_trip_seconds_sum')).toBeCloseTo(0.042);
  expect([...found.keys()].filter((name) => name.startsWith('calls_refused_total'))).toEqual([]);
});

test('a flavor that a reload took away has no circuit breaker any more', async () => {
  let breakers = [{ flavor: 'frontdesk', state: 'open' }] as ReturnType<MetricsSources['breakers']>;
  const metrics = createMetrics({ flavors: ['frontdesk'] }, { ...sources, breakers: () => breakers });
  const states = async () => [...(await samples(metrics))].filter(([name]) => name.startsWith('circuit_breaker'));
  expect(await states()).toContainEqual(['circuit_breaker{flavor="frontdesk",state="open"}', 1]);
  breakers = [];
  expect(await states()).toEqual([]);
});

test('what calls have cost is added up by flavor; one whose cost is not known adds nothing', async () => {
  const metrics = bench();
  for (const costUsd of [0.25, 0.5, null]) metrics.observe(endedEvent(sampleRecord({ costUsd })));
  expect((await samples(metrics)).get('cost_usd_total{flavor="echo"}')).toBe(0.75);
});

test('tiers are counted that spoke, not those that were asked in vain', async () => {
  const metrics = bench();
  const tiers = [
    { tier: 'laptop', reason: 'first', left: 'ERR_FLAVOR_NETWORK' },
    { tier: 'gpu', reason: 'health' },
  ];
  metrics.observe(endedEvent(sampleRecord({ turns: [{ ...fullRecord.turns[0], tiers }] })));
  const found = [...(await samples(metrics))].filter(([name]) => name.startsWith('agent_tiers_total'));
  expect(found).toEqual([['agent_tiers_total{flavor="echo",tier="gpu",reason="health"}', 1]]);
});

test('percentiles of turns and barge-ins cover the last ten minutes, and then there are none', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  try {
    const metrics = bench();
    metrics.observe(started('call-1', 'echo'));
    for (let ms = 1; ms <= 100; ms += 1) {
      const stages = { firstAudioMs: ms * 2 };
      metrics.observe({ type: 'turn', callId: 'call-1', atMs: 0, v2vMs: ms * 10, stages });
      const times = { onsetToPauseMs: ms, decisionToSilenceMs: ms / 10, resumed: false };
      metrics.observe({ type: 'barge-in', callId: 'call-1', atMs: 0, ...times });
    }
    const found = await samples(metrics);
    const turn = (quantile: string, stage: string) =>
      found.get(`recent_turn_seconds{quantile="${quantile}",stage="${stage}",flavor="echo"}`);
    expect(turn('0.5', 'voice-to-voice')).toBeCloseTo(0.505, 2);
    expect(turn('0.95', 'voice-to-voice')).toBeCloseTo(0.955, 2);
    expect(turn('0.99', 'voice-to-voice')).toBeCloseTo(0.995, 2);
    expect(turn('0.95', 'first-audio')).toBeCloseTo(0.191, 2);
    expect(turn('0.95', 'playout')).toBeUndefined();
    expect(found.get('recent_barge_in_seconds{quantile="0.95",stage="onset-to-pause"}')).toBeCloseTo(0.0955, 3);
    expect(found.get('recent_barge_in_seconds{quantile="0.99",stage="decision-to-silence"}')).toBeCloseTo(0.00995, 4);
    vi.setSystemTime(1_000_000 + 300_000);
    expect((await samples(metrics)).get('recent_turn_seconds_count{stage="first-audio",flavor="echo"}')).toBe(100);
    vi.setSystemTime(1_000_000 + 700_000);
    expect([...(await samples(metrics)).keys()].filter((name) => name.startsWith('recent_'))).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test('a refused call is counted by its status, and rare statuses by their class', async () => {
  const metrics = bench();
  for (const sip of [503, 503, 404, 499, 699]) {
    metrics.observe(
      endedEvent(
        sampleRecord({ flavor: null, answeredAt: null, durationMs: 0, cause: { sip, text: 'rejected' }, rtp: null }),
      ),
    );
  }
  const found = await samples(metrics);
  expect(found.get('calls_refused_total{status="503"}')).toBe(2);
  expect(found.get('calls_refused_total{status="404"}')).toBe(1);
  expect(found.get('calls_refused_total{status="4xx"}')).toBe(1);
  expect(found.get('calls_refused_total{status="6xx"}')).toBe(1);
  expect(found.get('calls_total{direction="inbound",flavor="none",cause="rejected",ended_by="caller"}')).toBe(5);
  expect([...found.keys()].filter((name) => name.startsWith('call_duration_seconds_count'))).toEqual([]);
});

test('gauges show what their sources say at the moment of reading', async () => {
  const found = await samples(bench());
  expect(found.get('calls_active')).toBe(3);
  expect(found.get('ready')).toBe(1);
  expect(found.get('media_ports{state="resting"}')).toBe(2);
  expect(found.get('records_pending')).toBe(1);
  expect(found.get('records_written_total')).toBe(20);
  expect(found.get('record_failures_total')).toBe(2);
  expect(found.get('records_lost_total')).toBe(0);
  expect(found.get('records_recovered')).toBe(4);
  expect(found.get('event_subscribers')).toBe(1);
  expect(found.get('events_dropped_total')).toBe(7);
  expect(found.get('event_loop_lag_seconds{quantile="0.99"}')).toBeCloseTo(0.005);
  expect(found.get('resident_memory_bytes')).toBe(1_000_000);
  expect(found.get('circuit_breaker{flavor="frontdesk",state="open"}')).toBe(1);
  expect(found.get('circuit_breaker{flavor="frontdesk",state="closed"}')).toBe(0);
  expect(found.get('registrations{state="failed"}')).toBe(2);
});

test('reading twice counts nothing twice', async () => {
  const metrics = bench();
  await metrics.render();
  expect((await samples(metrics)).get('records_written_total')).toBe(20);
});

test('a source that throws leaves its own metric without value, and no other', async () => {
  const broken = (): never => {
    throw new Error('closed');
  };
  const metrics = createMetrics({ flavors: [] }, { ...sources, activeCalls: broken, records: broken });
  const found = await samples(metrics);
  expect(found.has('calls_active')).toBe(false);
  expect(found.has('records_written_total')).toBe(false);
  expect(found.get('ready')).toBe(1);
});

test('labels stay bounded whatever names, reasons and codes come along', async () => {
  const metrics = bench();
  for (let index = 0; index < 2000; index += 1) {
    const id = `call-${index}`;
    metrics.observe(started(id, `flavor-${index}`));
    const stages = { endOfTurnMs: 1, transcriptMs: 1, firstTokenMs: 1, firstAudioMs: 1, playoutMs: 1 };
    metrics.observe({ type: 'turn', callId: id, atMs: 0, v2vMs: 1, stages });
    metrics.observe({ type: 'turn', callId: `unknown-${index}`, atMs: 0, v2vMs: 1, stages });
    metrics.observe({ type: 'warning', callId: id, atMs: 0, code: `ERR_${index}` });
    const cause = causeTexts[index % causeTexts.length] ?? 'normal';
    const record = sampleRecord({ id, flavor: `flavor-${index}`, cause: { sip: 200 + (index % 500), text: cause } });
    metrics.observe({ ...endedEvent(record), media: { dropped: { [`reason-${index}`]: 1 }, skippedSlots: 0 } });
    metrics.countAdminRequest({ method: `M${index}`, route: undefined, status: 200 + (index % 400) });
  }
  const found = await samples(metrics);
  expect(found.size).toBeLessThan(400);
  expect(found.get('voice_to_voice_seconds_count{flavor="other"}')).toBe(4000);
  expect(found.get('recent_turn_seconds_count{stage="playout",flavor="other"}')).toBe(4000);
  expect(found.get('rtp_dropped_packets_total{reason="other"}')).toBe(2000 - 32);
  expect(found.get('call_warnings_total{code="other"}')).toBe(2000);
  expect(found.get('admin_requests_total{method="other",route="none",status="4xx"}')).toBe(500);
});

test('figures that are no figures are passed over', async () => {
  const metrics = bench();
  metrics.observe({ type: 'call-answered', callId: 'call-1', atMs: 0, codec: 'pcmu', setupMs: Number.NaN });
  const record = sampleRecord({
    durationMs: -5,
    rtp: {
      in: { packets: Number.NaN, lost: -3, lateDropped: 0, concealedMs: Number.POSITIVE_INFINITY, jitterMs: 0 },
      out: { packets: 1, maxGapMs: 0, lost: null, jitterMs: null, mos: null },
      roundTripMs: null,
      mos: null,
    },
  });
  expect(() => metrics.observe(endedEvent(record))).not.toThrow();
  const found = await samples(metrics);
  expect(found.get('rtp_packets_total{direction="out"}')).toBe(1);
  expect(found.get('rtp_lost_packets_total')).toBe(0);
  expect([...found.keys()].filter((name) => name.startsWith('call_setup_seconds_'))).toEqual([]);
});

test('after a reload the new flavors have labels', async () => {
  const metrics = bench(['echo']);
  metrics.setFlavors(['salon']);
  metrics.observe(endedEvent(sampleRecord({ flavor: 'salon' })));
  metrics.countReload('ok');
  metrics.countReload('refused');
  const found = await samples(metrics);
  expect(found.get('calls_total{direction="inbound",flavor="salon",cause="normal",ended_by="caller"}')).toBe(1);
  expect(found.get('config_reloads_total{result="refused"}')).toBe(1);
});

test('two connectors in one process share no metric, and nothing lands in the global registry', async () => {
  const [one, other] = [bench(), bench()];
  one.countReload('ok');
  expect((await samples(other)).get('config_reloads_total{result="ok"}')).toBe(0);
  expect(register.getMetricsAsArray()).toEqual([]);
});

test('no number, digit or word of a caller is in the metrics', async () => {
  const metrics = bench();
  metrics.observe(endedEvent(fullRecord));
  const { text, contentType } = await metrics.render();
  expect(contentType).toContain('text/plain; version=0.0.4');
  for (const canary of ['442071838750', '4711', 'parcel', 'call-1']) expect(text).not.toContain(canary);
});

test('the operations page lists exactly the metrics there are, with type, labels and meaning', async () => {
  const page = await readFile(new URL('../../docs/6-operations.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(voice_connector_\w+)` \| (\w+) \| (.*?) \| (.*?) \|$/gm)].map(
    ([, name, type, labels, help]) => ({ name, type, labels, help }),
  );
  expect(rows).toEqual(
    bench().descriptions.map(({ name, type, labels, help }) => ({
      name,
      type,
      labels: labels.map((label) => `\`${label}\``).join(', '),
      help,
    })),
  );
});

test('the event loop monitor sees a blocked loop, and forgets it at the next look', async () => {
  const monitor = createEventLoopMonitor();
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(30);
  monitor.take();
  await pause(30);
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs);
  await pause(30);
  expect(monitor.take().maxMs).toBeGreaterThan(150);
  monitor.close();
  expect(monitor.take()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
});

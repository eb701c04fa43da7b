import { Child } from '../lib/child.js';
import type { ProcessResources } from '../lib/connector-api.js';
import { ConnectorHost } from '../lib/connector-host.js';
import { type Finding, type Measure, scaled, table } from '../lib/report.js';
import type { FloodApi } from './flood-api.js';

const CALLS = 10_000;
const ROUNDS = 3;
const PER_SECOND = 60;
const HOLD_MS = 400;
/** Transactions live for 32 s, ports rest for 30. */
const REST_MS = 70_000;

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** 10,000 calls three times, and what is left of them when all is settled. */
export const measureCalls: Measure = async (tell, scale) => {
  const calls = scaled(CALLS, scale);
  await using connector = await ConnectorHost.start({
    quiet: true,
    config: {
      flavors: { echo: { use: 'echo', mode: 'immediate' } },
      routes: [{ match: { to: '2001' }, flavor: 'echo' }],
    },
  });
  await using flood = Child.start<FloodApi>(new URL('flood-child.js', import.meta.url));
  const round = async (count: number): Promise<{ ok: boolean; resources: ProcessResources }> => {
    const report = await flood.ask('run', {
      port: connector.sipPort,
      number: '2001',
      perSecond: PER_SECOND,
      calls: count,
      holdMs: HOLD_MS,
    });
    const others = JSON.stringify({ 503: report.refused, ...report.others });
    tell(
      `${report.accepted} of ${count} calls, others ${others}, ${Math.round(report.tookMs / 1000)} s; all comes to rest`,
    );
    await pause(REST_MS);
    return { ok: report.accepted === count && report.unendable === 0, resources: await connector.resources() };
  };
  // What a process grows to under load, it grows to once: code, pools, tables.
  const settled = [await round(Math.max(500, Math.round(calls / 5)))];
  for (let count = 0; count < ROUNDS; count += 1) settled.push(await round(calls));
  const first = settled[0]?.resources;
  const second = settled[1]?.resources;
  const last = settled.at(-1)?.resources;
  if (!first || !second || !last) throw new Error('nothing was measured');
  const troubles = await connector.troubles();
  // The heap is given its size by the first ten thousand; what each call leaves behind shows in those that follow.
  const perCall = (name: 'rssBytes' | 'heapBytes'): number =>
    Math.round((last[name] - second[name]) / ((ROUNDS - 1) * calls));
  const rows = settled.map(({ resources }, index) => [
    index === 0 ? 'warmed up' : `after ${index * calls}`,
    (resources.rssBytes / 2 ** 20).toFixed(1),
    (resources.heapBytes / 2 ** 20).toFixed(1),
    String(resources.descriptors),
    `${resources.mediaPorts.open} / ${resources.mediaPorts.resting} / ${resources.mediaPorts.free}`,
  ]);
  const findings: readonly Finding[] = [
    {
      goal: 'every call was answered and ended',
      measured: settled.every(({ ok }) => ok) ? 'all' : 'not all',
      ok: settled.every(({ ok }) => ok),
    },
    {
      goal: 'descriptors as before',
      measured: `${last.descriptors - first.descriptors}`,
      ok: last.descriptors === first.descriptors,
    },
    {
      goal: 'all ports free',
      measured: `${last.mediaPorts.open + last.mediaPorts.resting} are not`,
      ok: last.mediaPorts.open + last.mediaPorts.resting === 0 && last.mediaPorts.free === first.mediaPorts.free,
    },
    { goal: 'RSS at most 500 bytes a call', measured: `${perCall('rssBytes')}`, ok: perCall('rssBytes') <= 500 },
    { goal: 'heap at most 200 bytes a call', measured: `${perCall('heapBytes')}`, ok: perCall('heapBytes') <= 200 },
    {
      goal: 'nothing thrown',
      measured: `${troubles.uncaughtExceptions.length + troubles.unhandledRejections.length}`,
      ok: troubles.uncaughtExceptions.length + troubles.unhandledRejections.length === 0,
    },
  ];
  const lines = table(['settled', 'RSS, MB', 'heap, MB', 'descriptors', 'ports open / resting / free'], rows);
  return { title: `Leaks: ${calls} calls ${ROUNDS} times`, lines, findings };
};

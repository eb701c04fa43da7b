import { readdirSync, readFileSync } from 'node:fs';

/**
 * What the kernel counts of processes. Processor time is taken from `schedstat`, which is exact; the ticks of
 * `/proc/stat` would count a process that wakes on timers, as a pacer does, either always or never.
 */

/** One thread at one moment. */
export interface ThreadTime {
  readonly id: number;
  readonly name: string;
  /** Processor time since its start, ns. */
  readonly cpuNs: number;
  /** Core it last ran on. */
  readonly core: number;
}

export interface ProcessSnapshot {
  readonly pid: number;
  readonly threads: readonly ThreadTime[];
  readonly rssBytes: number;
}

export interface Snapshot {
  /** Monotonic, ms. */
  readonly atMs: number;
  /** What is measured. */
  readonly subject: ProcessSnapshot;
  /** Everybody else's threads. */
  readonly others: readonly ThreadTime[];
  /** Of all cores: time that the hypervisor gave to others, and all time, in ticks. */
  readonly stealTicks: number;
  readonly totalTicks: number;
}

/** What went on between two snapshots, in percent of one core. */
export interface Usage {
  readonly cpuPercent: number;
  /** By thread, the busiest first; those under 0.05 % left out. */
  readonly threads: readonly { readonly name: string; readonly cpuPercent: number }[];
  readonly rssBytes: number;
  /** Time of other processes on the subject's core. */
  readonly foreignPercent: number;
  /** Of all cores' time. */
  readonly stealPercent: number;
}

/** Looks at `pid` and everything beside it. Throws when the process is gone. */
export function takeSnapshot(pid: number): Snapshot {
  const atMs = performance.now();
  const subject = { pid, threads: threadsOf(pid), rssBytes: rssOf(pid) };
  if (subject.threads.length === 0) throw new Error(`process ${pid} is gone`);
  const others = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== pid)
    .flatMap((name) => threadsOf(Number(name)));
  const ticks = parseCpuLine(readFileSync('/proc/stat', 'latin1'));
  return { atMs, subject, others, stealTicks: ticks.steal, totalTicks: ticks.total };
}

/** @param core The subject's. */
export function usageBetween(before: Snapshot, after: Snapshot, core: number): Usage {
  const spanNs = (after.atMs - before.atMs) * 1e6;
  const percent = (ns: number): number => (100 * ns) / spanNs;
  const spent = spentBetween(before.subject.threads, after.subject.threads);
  const foreign = spentBetween(before.others, after.others).filter((thread) => thread.core === core);
  const ticks = after.totalTicks - before.totalTicks;
  return {
    cpuPercent: percent(sum(spent.map(({ cpuNs }) => cpuNs))),
    threads: spent
      .map(({ id, name, cpuNs }) => ({ name: id === after.subject.pid ? 'main' : name, cpuPercent: percent(cpuNs) }))
      .filter(({ cpuPercent }) => cpuPercent >= 0.05)
      .sort((a, b) => b.cpuPercent - a.cpuPercent),
    rssBytes: after.subject.rssBytes,
    foreignPercent: percent(sum(foreign.map(({ cpuNs }) => cpuNs))),
    stealPercent: ticks > 0 ? (100 * (after.stealTicks - before.stealTicks)) / ticks : 0,
  };
}

/** Time of each thread of `after` since `before`; one that is new has spent all of its time since. */
function spentBetween(before: readonly ThreadTime[], after: readonly ThreadTime[]): readonly ThreadTime[] {
  const earlier = new Map(before.map(({ id, cpuNs }) => [id, cpuNs]));
  return after.map((thread) => ({ ...thread, cpuNs: Math.max(0, thread.cpuNs - (earlier.get(thread.id) ?? 0)) }));
}

/** Name and last core out of `/proc/PID/stat`: the name stands in brackets and may hold anything. */
export function parseStat(text: string): { readonly name: string; readonly core: number } {
  const close = text.lastIndexOf(')');
  const name = text.slice(text.indexOf('(') + 1, close);
  return { name, core: Number(text.slice(close + 2).split(' ')[36]) };
}

/** The `cpu` line of `/proc/stat`. */
export function parseCpuLine(text: string): { readonly steal: number; readonly total: number } {
  const fields = (text.split('\n', 1)[0] ?? '').split(/\s+/).slice(1, 9).map(Number);
  return { steal: fields[7] ?? 0, total: sum(fields) };
}

function threadsOf(pid: number): readonly ThreadTime[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((id) => {
      try {
        const [cpuNs = '0'] = readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'latin1').split(' ', 1);
        const stat = parseStat(readFileSync(`/proc/${pid}/task/${id}/stat`, 'latin1'));
        return [{ id: Number(id), ...stat, cpuNs: Number(cpuNs) }];
      } catch {
        return [];
      }
    });
  } catch {
    // Gone since the list was made.
    return [];
  }
}

function rssOf(pid: number): number {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

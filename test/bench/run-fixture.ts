import type { Run } from './cell.js';

export interface RunFigures {
  readonly cpu?: number;
  readonly pacingP99?: number;
  readonly lost?: number;
  readonly rssMb?: number;
  readonly rejections?: readonly string[];
}

/** A run that counts unless it is said to be rejected. */
export function runOf(target: string, calls: number, figures: RunFigures = {}): Run {
  const { cpu = 10, pacingP99 = 1, lost = 0, rssMb = 100, rejections = [] } = figures;
  const values = (p99: number) => ({ count: 1_000, p50: p99 / 10, p95: p99 / 2, p99, max: p99 * 2 });
  return {
    target,
    calls,
    rejections,
    usage: {
      cpuPercent: cpu,
      threads: [{ name: 'main', cpuPercent: cpu / 2 }],
      rssBytes: rssMb * 2 ** 20,
      foreignPercent: 0,
      stealPercent: 0,
    },
    load: {
      calls,
      answered: calls,
      refused: 0,
      lastRefusal: 0,
      endedEarly: 0,
      setupMs: null,
      pacingMs: values(pacingP99),
      roundTripMs: values(30),
      stampMs: null,
      latenessMs: values(0.1),
      sent: 1_000,
      returned: 1_000,
      received: 1_000 - lost,
      lost,
      reordered: 0,
      duplicated: 0,
      foreign: 0,
      windowMs: 5_000,
      pinned: true,
      realtime: true,
    },
  };
}

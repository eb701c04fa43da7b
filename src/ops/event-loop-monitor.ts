import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop ran its timers since the last look, ms. */
export interface EventLoopLag {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface EventLoopMonitor {
  /** The lag since the previous call; a new window begins with each. */
  take(): EventLoopLag;
  close(): void;
}

const RESOLUTION_MS = 10;

/** Watches the event loop of this thread through libuv, at a cost that does not show. */
export function createEventLoopMonitor(): EventLoopMonitor {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // Node records the time between two ticks of its sampling timer, so an idle loop shows the resolution itself.
  const lagMs = (nanoseconds: number): number => Math.max(nanoseconds / 1e6 - RESOLUTION_MS, 0);
  return {
    take: () => {
      const lag =
        histogram.count === 0
          ? { p50Ms: 0, p99Ms: 0, maxMs: 0 }
          : {
              p50Ms: lagMs(histogram.percentile(50)),
              p99Ms: lagMs(histogram.percentile(99)),
              maxMs: lagMs(histogram.max),
            };
      histogram.reset();
      return lag;
    },
    close: () => {
      histogram.disable();
    },
  };
}

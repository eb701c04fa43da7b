import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';
import type { AdminControl, RegistrationSummary, ReloadResult } from '../../src/ops/admin/admin-control.js';
import { type AdminServer, type AdminServerOptions, createAdminServer } from '../../src/ops/admin-server.js';
import type { CallSummary } from '../../src/ops/call-event.js';
import { EventHub } from '../../src/ops/event-hub.js';
import { createMetrics, type Metrics } from '../../src/ops/metrics.js';
import type { OutboundCallOutcome, OutboundCallRequest } from '../../src/ops/outbound-calls.js';
import { FakeClock } from './fake-clock.js';
import { MemoryLog } from './memory-log.js';
import { temporaryDirectory } from './temporary-directory.js';

export const ADMIN_TOKEN = 'a-token-for-tests-only';

/** A control that does what the test sets and notes what it is told. */
export class FakeControl implements AdminControl {
  readonly active = new Map<string, CallSummary>();
  readonly hungUp: string[] = [];
  /** Of recorded calls: whether the recording is paused. */
  readonly recordings = new Map<string, boolean>();
  readonly extensions: RegistrationSummary[] = [];
  readonly dialled: OutboundCallRequest[] = [];
  dialOutcome: OutboundCallOutcome = { ok: true, id: 'call-9' };
  readiness: { ready: boolean; reasons: string[] } = { ready: true, reasons: [] };
  reloadResult: () => Promise<ReloadResult> = async () => ({ ok: true, warnings: [] });
  drains = 0;

  calls(): readonly CallSummary[] {
    return [...this.active.values()];
  }

  call(id: string): CallSummary | undefined {
    return this.active.get(id);
  }

  hangUp(id: string): boolean {
    if (!this.active.has(id)) return false;
    this.hungUp.push(id);
    return true;
  }

  pauseRecording(id: string, paused: boolean): boolean | undefined {
    if (!this.active.has(id)) return undefined;
    if (!this.recordings.has(id)) return false;
    this.recordings.set(id, paused);
    return true;
  }

  registrations(): readonly RegistrationSummary[] {
    return this.extensions;
  }

  async dial(request: OutboundCallRequest): Promise<OutboundCallOutcome> {
    this.dialled.push(request);
    return this.dialOutcome;
  }

  ready(): { ready: boolean; reasons: string[] } {
    return this.readiness;
  }

  reload(): Promise<ReloadResult> {
    return this.reloadResult();
  }

  drain(): void {
    this.drains += 1;
  }
}

export interface AdminRequestInit extends Omit<RequestInit, 'headers'> {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AdminBench {
  readonly server: AdminServer;
  readonly control: FakeControl;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly events: EventHub;
  readonly metrics: Metrics;
  readonly port: number;
  /** A request with the right token, with another, or (`null`) with none. */
  request(path: string, init?: AdminRequestInit): Promise<Response>;
}

/** An admin server on a free loopback port, closed when the running test is over. */
export async function adminBench(changes: Partial<AdminServerOptions> = {}): Promise<AdminBench> {
  const control = new FakeControl();
  const clock = new FakeClock();
  const log = new MemoryLog();
  const random = createSystemRandom();
  const events = new EventHub({ log, random });
  const metrics = createMetrics(
    { flavors: ['echo'] },
    {
      activeCalls: () => control.active.size,
      ready: () => control.readiness.ready,
      mediaPorts: () => ({ open: 0, resting: 0, free: 10 }),
      spending: () => ({ spentTodayUsd: 0, unpricedReports: 0 }),
      records: () => ({ pending: 0, written: 0, failures: 0, lost: 0, recovered: 0, open: 0 }),
      events: () => events.stats,
      eventLoop: () => ({ p50Ms: 0, p99Ms: 0, maxMs: 0 }),
      breakers: () => [],
      registrations: () => control.extensions,
      residentBytes: () => 0,
    },
  );
  const options = {
    listen: { host: '127.0.0.1', port: 0 },
    token: ADMIN_TOKEN,
    tokenFile: join(temporaryDirectory(), 'admin.token'),
    ...changes,
  };
  const server = await createAdminServer(options, control, { clock, random, log, metrics, events });
  onTestFinished(() => server.close());
  const { port } = server.listening;
  const request = (path: string, init: AdminRequestInit = {}): Promise<Response> => {
    const { token = ADMIN_TOKEN, headers, ...rest } = init;
    const authorization = token === null ? undefined : { authorization: `Bearer ${token}` };
    return fetch(`http://127.0.0.1:${port}${path}`, { ...rest, headers: { ...authorization, ...headers } });
  };
  return { server, control, clock, log, events, metrics, port, request };
}

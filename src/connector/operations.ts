import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import type { Config } from '../config/config.js';
import type { Logger } from '../flavor-api/index.js';
import type { AdminControl } from '../ops/admin/admin-control.js';
import { createAdminServer } from '../ops/admin-server.js';
import { ADMIN_TOKEN_FILE } from '../ops/admin-token.js';
import type { EventHub } from '../ops/event-hub.js';
import { createEventLoopMonitor } from '../ops/event-loop-monitor.js';
import { createMetrics, type MetricsSources } from '../ops/metrics.js';
import type { RecordLogStatus } from '../ops/record-log.js';

/** What the operators' side may see and do. */
export interface ConnectorView extends AdminControl {
  activeCalls(): number;
  mediaPorts(): { readonly open: number; readonly resting: number; readonly free: number };
  records(): RecordLogStatus;
  spending: MetricsSources['spending'];
  breakers: MetricsSources['breakers'];
}

export interface OperationsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly hub: EventHub;
}

/** The operators' side of a connector: metrics and the admin interface. */
export interface Operations {
  readonly address: { readonly host: string; readonly port: number };
  /** A reload was tried; `flavors` are those of the configuration now in force. */
  onReload(taken: boolean, flavors: readonly string[]): void;
  close(): Promise<void>;
}

/** Throws `ERR_LISTEN`, `ERR_CONFIG_INVALID`. */
export async function startOperations(config: Config, view: ConnectorView, deps: OperationsDeps): Promise<Operations> {
  const { clock, random, log, hub } = deps;
  const eventLoop = createEventLoopMonitor();
  const metrics = createMetrics(
    { flavors: Object.keys(config.flavors) },
    {
      activeCalls: () => view.activeCalls(),
      ready: () => view.ready().ready,
      mediaPorts: () => view.mediaPorts(),
      records: () => view.records(),
      spending: () => view.spending(),
      events: () => hub.stats,
      eventLoop: () => eventLoop.take(),
      breakers: () => view.breakers(),
      registrations: () => view.registrations(),
      residentBytes: () => process.memoryUsage.rss(),
    },
  );
  const stopObserving = hub.listen(metrics.observe);
  const close = (): void => {
    stopObserving();
    eventLoop.close();
  };
  try {
    const { listen, token } = config.admin;
    const options = { listen, token, tokenFile: ADMIN_TOKEN_FILE };
    const server = await createAdminServer(options, view, { clock, random, log, metrics, events: hub });
    const { address, port } = server.listening;
    return {
      address: { host: address, port },
      onReload: (taken, flavors) => {
        metrics.countReload(taken ? 'ok' : 'refused');
        metrics.setFlavors(flavors);
      },
      close: async () => {
        try {
          await server.close();
        } finally {
          close();
        }
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

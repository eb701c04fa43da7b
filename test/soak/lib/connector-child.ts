/** Entry point of the process that the connector runs in. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../../src/base/connector-error.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createConnector, type VoiceConnector } from '../../../src/connector.js';
import { serve } from './child.js';
import type { ConnectorApi, ConnectorEvent, ProcessResources } from './connector-api.js';
import { machineNow } from './monotonic.js';
import { StallWatch } from './stall-watch.js';
import { Strain } from './strain.js';

let connector: VoiceConnector | undefined;
let readMediaPorts: () => Promise<ProcessResources['mediaPorts']> = () => Promise.reject(new Error('not started'));
const watch = new StallWatch();
const strain = new Strain();
const unhandledRejections: string[] = [];
const uncaughtExceptions: string[] = [];
const warnings: string[] = [];

process.on('unhandledRejection', (reason) => unhandledRejections.push(errorMessage(reason)));
process.on('uncaughtException', (error) => uncaughtExceptions.push(errorMessage(error)));
process.on('warning', (warning) => warnings.push(`${warning.name}: ${warning.message}`));

const tell = serve<ConnectorApi, ConnectorEvent>(
  {
    async start({ yaml, directory, env, quiet }) {
      const file = join(directory, 'connector.yaml');
      await writeFile(file, yaml);
      const loaded = await loadConfig(file, { env, cwd: directory });
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
      connector = createConnector(loaded.config);
      if (!quiet) connector.onEvent((event) => tell({ atMachineMs: machineNow(), event }));
      const { sip, admin } = await connector.start();
      readMediaPorts = async () => mediaPorts(await metrics(admin, loaded.config.admin.token ?? ''));
      return { sip, sipPort: sip[0]?.port ?? 0, admin };
    },

    async resources() {
      const ports = await readMediaPorts();
      for (let round = 0; round < 6; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        globalThis.gc?.();
      }
      return {
        heapBytes: process.memoryUsage().heapUsed,
        rssBytes: process.memoryUsage.rss(),
        descriptors: (await readdir('/proc/self/fd')).length,
        active: counted(process.getActiveResourcesInfo()),
        calls: connector?.calls().length ?? 0,
        mediaPorts: ports,
      };
    },

    stalls: () => watch.take(),

    strain: ({ on }) => strain.set(on),

    troubles: () => ({ unhandledRejections, uncaughtExceptions, warnings }),
  },
  async () => await connector?.stop(),
);

async function metrics(admin: { readonly host: string; readonly port: number }, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, connection: 'close' };
  return await (await fetch(`http://${admin.host}:${admin.port}/metrics`, { headers })).text();
}

function mediaPorts(text: string): ProcessResources['mediaPorts'] {
  const value = (state: string): number =>
    Number(new RegExp(`voice_connector_media_ports\\{state="${state}"\\} (\\d+)`).exec(text)?.[1]);
  return { open: value('open'), resting: value('resting'), free: value('free') };
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

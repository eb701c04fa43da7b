import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndedBy } from '../../src/ops/call-record.js';
import { ConnectorProcess } from '../support/connector-process.js';
import { RtpPeer } from '../support/rtp-peer.js';
import { runSipp, type SippCall } from './run-sipp.js';
import { scenarioTitle } from './scenario.js';

/** What an agent's tools do on the wire, held against SIPp. */
let connector: ConnectorProcess;

const toolUser = fileURLToPath(new URL('tool-user.mjs', import.meta.url));

beforeAll(async () => {
  connector = await ConnectorProcess.start({
    config: {
      transfer: { targets: { sales: 'sip:sales@127.0.0.1:9' } },
      flavors: {
        transferring: { use: toolUser, tool: 'transfer', arguments: { target: 'sales' } },
        holding: { use: toolUser, tool: 'hold', arguments: { seconds: 1 } },
      },
      routes: [
        { match: { to: '3000' }, flavor: 'transferring', tools: ['transfer'], transfer: ['sales'] },
        { match: { to: '3001' }, flavor: 'holding', tools: ['hold'] },
        { match: { any: true }, reject: 404 },
      ],
    },
  });
});

afterAll(async () => {
  await connector[Symbol.asyncDispose]();
});

interface Row extends Pick<SippCall, 'scenario' | 'service' | 'transport'> {
  readonly endedBy: EndedBy;
  /** Of the record's one tool. */
  readonly tool: { readonly name: string; readonly ok: boolean };
}

const rows: readonly Row[] = (['udp', 'tcp'] as const).flatMap((transport): Row[] => [
  { scenario: 'transfer-taken', service: '3000', transport, endedBy: 'agent', tool: { name: 'transfer', ok: true } },
  {
    scenario: 'transfer-refused',
    service: '3000',
    transport,
    endedBy: 'caller',
    tool: { name: 'transfer', ok: false },
  },
  { scenario: 'transfer-failed', service: '3000', transport, endedBy: 'caller', tool: { name: 'transfer', ok: false } },
  {
    scenario: 'transfer-notify-first',
    service: '3000',
    transport,
    endedBy: 'agent',
    tool: { name: 'transfer', ok: true },
  },
  { scenario: 'transfer-hung-up', service: '3000', transport, endedBy: 'agent', tool: { name: 'transfer', ok: false } },
  { scenario: 'agent-holds', service: '3001', transport, endedBy: 'caller', tool: { name: 'hold', ok: true } },
]);

describe.concurrent('SIPp and the tools of an agent', () => {
  for (const { scenario, service, transport = 'udp', endedBy, tool } of rows) {
    test(`${scenario}: ${scenarioTitle(scenario)} (over ${transport})`, async () => {
      await using peer = await RtpPeer.open();
      const caller = `${scenario}-${transport}`;
      const target = connector.sip(transport);
      await runSipp({ scenario, service, transport, target, caller, keys: { rtp_port: peer.port, service } });
      const record = await connector.recordOf(caller);
      expect(record).toMatchObject({ cause: { sip: 200, text: 'normal' }, endedBy, tools: [tool] });
    });
  }
});

test('after all of them nothing is left, and nothing was complained of', async () => {
  expect(await connector.admin('GET', '/calls')).toEqual({ calls: [] });
  expect(connector.errors).toBe('');
  expect(connector.log.filter(({ level }) => typeof level === 'number' && level >= 50)).toEqual([]);
});

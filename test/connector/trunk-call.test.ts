import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createConnector } from '../../src/connector.js';
import type { CallEvent } from '../../src/ops/call-event.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { loadGood } from '../config/load-text.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const token = 'a-token-for-two-connectors';

/** A connector with real sockets, on ports of the kernel's choice. */
async function running(embedded: string, more = '') {
  const directory = temporaryDirectory();
  const { config } = await loadGood(
    `signaling: { embedded: { listen: ["udp:127.0.0.1:0"], ${embedded} } }
media: { bind: 127.0.0.1, portRestSeconds: 0 }
admin: { listen: "127.0.0.1:0", token: ${token} }
cdr: { path: ${join(directory, 'cdr.jsonl')} }
${more}
flavors: { echo: { use: echo, mode: immediate } }
routes: [{ match: { to: "2000" }, flavor: echo }]
`,
  );
  const connector = createConnector(config);
  onTestFinished(() => connector.stop());
  const events: CallEvent[] = [];
  connector.onEvent((event) => events.push(event));
  const addresses = await connector.start();
  const records = async (): Promise<CallRecord[]> => {
    await connector.stop();
    const lines = (await readFile(config.cdr.path, 'utf8')).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as CallRecord);
  };
  return { connector, events, addresses, port: addresses.sip[0]?.port ?? 0, records };
}

test('one connector calls another through a trunk, says who it is, and both talk', async () => {
  const callee = await running('auth: { realm: callee, users: { partner: "a secret" } }');
  const trunk = `{ targets: ["sip:127.0.0.1:${callee.port}"], user: partner, password: "a secret" }`;
  // Nobody may call in here, and the trunk is not even in the allow-list.
  const caller = await running(
    'allow: [192.0.2.1]',
    `trunks: { partner: ${trunk} }\noutbound: { allow: ["2"], trunk: partner, from: "7000" }`,
  );
  const { host, port } = caller.addresses.admin;
  const response = await fetch(`http://${host}:${port}/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '2000', flavor: 'echo' }),
  });
  expect(response.status).toBe(202);
  const { id } = (await response.json()) as { id: string };
  const answered = (events: readonly CallEvent[]) => events.some(({ type }) => type === 'call-answered');
  await expect.poll(() => [answered(caller.events), answered(callee.events)]).toEqual([true, true]);
  expect(caller.connector.calls()).toMatchObject([{ id, direction: 'outbound', to: '2000', codec: 'pcmu' }]);
  expect(caller.connector.hangUp(id)).toBe(true);
  await expect.poll(() => callee.connector.calls()).toEqual([]);
  expect(await caller.records()).toMatchObject([
    { id, direction: 'outbound', from: '7000', cause: { sip: 200, text: 'admin' } },
  ]);
  expect(await callee.records()).toMatchObject([{ direction: 'inbound', from: '7000', to: '2000', endedBy: 'caller' }]);
});

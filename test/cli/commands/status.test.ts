import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { ADMIN_TOKEN, type AdminBench, adminBench } from '../../support/admin-bench.js';
import { HttpServer } from '../../support/http-server.js';
import { sampleSummary } from '../../support/sample-record.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { createFakeIo } from '../fake-io.js';

interface Running {
  readonly port: number;
  /** As the configuration has it; null: it has none. */
  readonly token?: string | null;
  /** Of `data/admin.token`. */
  readonly kept?: string;
  /** More of the configuration. */
  readonly more?: string;
}

async function status({ port, token = ADMIN_TOKEN, kept, more = '' }: Running, ...args: readonly string[]) {
  const directory = temporaryDirectory();
  const secret = token === null ? '' : `, token: ${JSON.stringify(token)}`;
  const config = `admin: { listen: 127.0.0.1:${port}${secret} }\nflavors: { echo: { use: echo } }\n`;
  writeFileSync(
    join(directory, 'connector.yaml'),
    `${config}routes: [{ match: { to: "2000" }, flavor: echo }]\n${more}`,
  );
  if (kept !== undefined) {
    mkdirSync(join(directory, 'data'), { mode: 0o700 });
    writeFileSync(join(directory, 'data/admin.token'), kept, { mode: 0o600 });
  }
  const io = createFakeIo(directory);
  const code = await runCli(['status', '--config', 'connector.yaml', ...args], io);
  return { code, out: io.out(), err: io.err() };
}

function answer({ metrics }: AdminBench, v2vMs: number): void {
  const of = { callId: 'call-1', atMs: 0 } as const;
  metrics.observe({
    type: 'call-started',
    ...of,
    direction: 'inbound',
    route: null,
    flavor: 'echo',
  });
  metrics.observe({ type: 'turn', ...of, v2vMs, stages: {} });
}

test('a connector with a call and an extension says how it is', async () => {
  const bench = await adminBench();
  answer(bench, 640);
  bench.control.active.set('call-1', sampleSummary({ durationMs: 67_400, turns: 2, v2vMs: 640 }));
  bench.control.extensions.push({
    registrar: 'sip:pbx.example',
    user: '2100',
    state: 'failed',
    expiresAt: null,
    failure: '403 Forbidden',
  });
  const { code, out, err } = await status(bench);
  expect([code, err]).toEqual([0, '']);
  expect(out.split('\n')).toEqual([
    'takes calls',
    '  calls        1',
    '  answers      echo: 640, 640, 640 ms (p50, p95, p99 of ten minutes)',
    '  extension    2100 at sip:pbx.example: failed (403 Forbidden)',
    '  media ports  0 open, 0 resting, 10 free',
    '  spent today  0.00 USD',
    '',
    'call        from           to    flavor  state     lasts  answers  latest',
    'call-1  in  +442071838750  2000  echo    answered   1:07        2  640 ms',
    '',
  ]);
});

test('one that takes no new calls says why, as JSON too, and the exit code is 1', async () => {
  const bench = await adminBench();
  bench.control.readiness = { ready: false, reasons: ['draining'] };
  const { code, out } = await status(bench);
  expect([code, out.split('\n')[0]]).toEqual([1, 'takes no new calls: draining']);
  const json = await status(bench, '--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, ready: false, reasons: ['draining'], calls: [] });
});

test('without a configured token the one that the connector keeps is taken', async () => {
  const kept = 'ab'.repeat(32);
  const { port } = await adminBench({ token: kept });
  expect(await status({ port, token: null, kept })).toMatchObject({ code: 0, err: '' });
  const without = await status({ port, token: null });
  expect(without).toMatchObject({ code: 1, out: '' });
  expect(without.err).toContain('run this in the working directory of the connector, as its user');
});

test('what is wrong in other parts of the file, such as a secret that only the connector has, does not matter', async () => {
  const { port } = await adminBench();
  const more = 'trunks: { main: { uri: "sip:trunk.example", auth: { user: u, password: "${NOT_SET_HERE}" } } }\n';
  expect(await status({ port, more })).toMatchObject({ code: 0, err: '' });
  const token = await status({ port, token: '${NOT_SET_HERE}', more });
  expect(token).toMatchObject({ code: 1, out: '' });
  expect(token.err).toContain('admin.token: the environment variable NOT_SET_HERE is not set');
  expect((await status({ port, more: 'routes: [' })).code).toBe(1);
});

test.each([
  ['a page', 200, '<html>hello</html>'],
  ['JSON of its own', 200, '{"status":"ok"}'],
  ['404', 404, 'nothing here'],
])('another program on that port, which answers %s, is not shown the token', async (_, code, body) => {
  await using other = await HttpServer.start((_request, response) => response.writeHead(code).end(body));
  const { err, ...rest } = await status({ port: other.port });
  expect(rest).toEqual({ code: 1, out: '' });
  expect(err).toContain(`http://127.0.0.1:${other.port} is not a connector’s admin interface`);
  expect(JSON.stringify(other.seen)).not.toContain(ADMIN_TOKEN);
});

test('a token that no request can carry is not printed', async () => {
  const { port } = await adminBench();
  const { err, code } = await status({ port, token: 'secret-of-two\nlines' });
  expect(code).toBe(1);
  expect(err).toContain('[token]');
  expect(err).not.toContain('secret-of-two');
});

test('another token, and nobody there, are told apart', async () => {
  const { port, server } = await adminBench();
  const other = await status({ port, token: 'another-token-for-tests' });
  expect(other).toMatchObject({ code: 1, out: '' });
  expect(other.err).toMatch(/answers 401: it was started with another token/);
  expect(other.err).not.toContain('another-token-for-tests');
  await server.close();
  const gone = await status({ port });
  expect(gone.code).toBe(1);
  expect(gone.err).toMatch(/does not answer \(.*ECONNREFUSED.*\): is the connector running/);
});

test('what would move a terminal’s cursor in a caller’s number is not printed', async () => {
  const bench = await adminBench();
  bench.control.active.set('call-1', sampleSummary({ from: '\u001b[2J\u202e123' }));
  const { out } = await status(bench);
  expect(out).toContain('[2J 123');
  for (const char of ['\u001b', '\u202e']) expect(out).not.toContain(char);
});

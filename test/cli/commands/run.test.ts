import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { TestPhone } from '../../support/test-phone.js';
import { createFakeIo, type FakeIo } from '../fake-io.js';

const TOKEN = 'token-of-this-test';

function config(
  directory: string,
  admin: string,
  routes: object[] = [{ match: { to: '2001' }, flavor: 'bare' }],
): string {
  // JSON is YAML too.
  return JSON.stringify({
    signaling: { driver: 'embedded', embedded: { listen: ['udp:127.0.0.1:0'], allow: ['127.0.0.0/8'] } },
    media: { bind: '127.0.0.1' },
    admin: { listen: admin, token: TOKEN },
    cdr: { path: join(directory, 'cdr.jsonl') },
    flavors: { bare: { use: 'echo', mode: 'immediate' } },
    routes,
  });
}

type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** `voice-connector run` inside the test. */
class Running {
  readonly io: FakeIo;
  readonly file: string;
  readonly code: Promise<number>;
  #settled = false;

  constructor(args: readonly string[] = [], { admin = '127.0.0.1:0', isTTY = false, openFiles = 20_000 } = {}) {
    const directory = temporaryDirectory();
    const abort = new AbortController();
    this.io = createFakeIo(directory, { abort, isTTY, openFiles });
    this.file = join(directory, 'connector.yaml');
    writeFileSync(this.file, config(directory, admin));
    this.code = runCli(['run', '--config', 'connector.yaml', ...args], this.io);
    void this.code.then(() => {
      this.#settled = true;
    });
    onTestFinished(async () => {
      abort.abort();
      await this.code;
    });
  }

  get ended(): boolean {
    return this.#settled;
  }

  lines(): LogLine[] {
    return this.io
      .out()
      .split('\n')
      .filter((line) => line !== '')
      .map((line): LogLine => JSON.parse(line));
  }

  async line(message: string): Promise<LogLine> {
    await expect.poll(() => this.lines().map(({ msg }) => msg)).toContain(message);
    return this.lines().find(({ msg }) => msg === message) ?? { msg: message };
  }

  /** Waits until it is ready. */
  async ports(): Promise<{ readonly sip: number; readonly admin: number }> {
    const { sip, admin } = (await this.line('ready')) as LogLine & {
      sip: [{ port: number }];
      admin: { port: number };
    };
    return { sip: sip[0].port, admin: admin.port };
  }
}

test('says ready with its addresses, and ends with 0 at SIGTERM; nothing stays subscribed', async () => {
  const running = new Running();
  await running.ports();
  running.io.send('SIGTERM');
  expect(await running.code).toBe(0);
  expect(running.lines().at(-1)?.msg).toBe('stopped');
  expect(running.io.subscriptions()).toBe(0);
  expect(running.io.timesGivenBack()).toBe(1);
  expect(running.io.err()).toBe('');
});

test('a limit of open files that is too low for limits.calls is told at the start, with what helps', async () => {
  const [low, enough] = [new Running([], { openFiles: 449 }), new Running([], { openFiles: 450 })];
  const warning = 'limits.calls needs more open files and sockets than the system allows';
  expect(await low.line(warning)).toMatchObject({
    ...{ level: 'warn', calls: 200, needed: 450, limit: 449 },
    remedy: expect.stringContaining('ulimit -n'),
  });
  await enough.ports();
  expect(enough.lines().map(({ msg }) => msg)).not.toContain(warning);
});

test('a drain that an operator asked for is no first signal: SIGTERM then still lets the calls finish', async () => {
  const running = new Running();
  const { sip, admin } = await running.ports();
  await using phone = await TestPhone.dial('2001', sip);
  expect(await phone.call.answered).toBe(true);
  const headers = { authorization: `Bearer ${TOKEN}` };
  expect((await fetch(`http://127.0.0.1:${admin}/drain`, { method: 'POST', headers })).status).toBe(202);
  running.io.send('SIGTERM');
  const { calls } = (await (await fetch(`http://127.0.0.1:${admin}/calls`, { headers })).json()) as {
    calls: unknown[];
  };
  expect(calls).toHaveLength(1);
  expect(running.ended).toBe(false);
  phone.call.hangUp();
  expect(await running.code).toBe(0);
});

test('a second signal ends the calls', async () => {
  const running = new Running();
  const { sip } = await running.ports();
  await using phone = await TestPhone.dial('2001', sip);
  expect(await phone.call.answered).toBe(true);
  running.io.send('SIGINT');
  await running.line('draining: a second signal ends the calls');
  running.io.send('SIGTERM');
  expect(await phone.call.ended).toMatchObject({ by: 'peer' });
  expect(await running.code).toBe(0);
});

test('SIGHUP takes a good file, and keeps what runs when the file is bad', async () => {
  const running = new Running();
  await running.ports();
  running.io.send('SIGHUP');
  await running.line('configuration reloaded');
  writeFileSync(running.file, '{ nonsense: 1 }');
  running.io.send('SIGHUP');
  const refused = await running.line('reload refused, the running configuration stays');
  expect(refused['problem']).toContain('nonsense');
  expect(running.ended).toBe(false);
});

test('a reload tells what in the file deserves a second look, in the answer and in the log', async () => {
  const running = new Running();
  const { admin } = await running.ports();
  const written = JSON.parse(readFileSync(running.file, 'utf8'));
  writeFileSync(running.file, JSON.stringify({ ...written, admin: { ...written.admin, token: 'short-token' } }));
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`http://127.0.0.1:${admin}/reload`, { method: 'POST', headers });
  const line = await running.line('configuration reloaded');
  const { warnings } = (await answer.json()) as { readonly warnings: readonly string[] };
  const short =
    'connector.yaml:1: admin.token: the token has fewer than 16 characters (make one with: openssl rand -hex 24)';
  expect(warnings).toContain(short);
  expect(line['warnings']).toEqual([short]);
});

test('a rejection that nobody waited for is logged, and calls go on', async () => {
  const running = new Running();
  await running.ports();
  running.io.reject(new Error('a vendor forgot to catch'));
  const line = await running.line('a rejection that nobody waited for: a mistake in a flavor, or ours');
  expect(line['error']).toMatchObject({ message: 'a vendor forgot to catch' });
  expect(running.ended).toBe(false);
});

test('on a terminal it speaks to people; --json gives lines of JSON there too', async () => {
  const spoken = new Running([], { isTTY: true });
  await expect.poll(() => spoken.io.out()).toContain('ready');
  expect(() => JSON.parse(spoken.io.out().split('\n')[0] ?? '')).toThrow();
  const json = new Running(['--json'], { isTTY: true });
  await json.ports();
});

describe('what keeps it from starting', () => {
  test('a port that is taken: 1, with the address and what helps', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const running = new Running([], { admin: `127.0.0.1:${port}` });
    expect(await running.code).toBe(1);
    const line = running.lines().at(-1);
    expect(line).toMatchObject({ level: 'error', code: 'ERR_LISTEN', msg: 'the connector did not start' });
    expect(line?.['error']).toContain(`127.0.0.1:${port}`);
    expect(line?.['remedy']).toContain('Free the port');
    expect(running.io.subscriptions()).toBe(0);
  });

  test('a configuration with mistakes, or none: 1, with all of them on stderr', async () => {
    const directory = temporaryDirectory();
    const none = createFakeIo(directory);
    expect(await runCli(['run', '--config', 'nosuch.yaml'], none)).toBe(1);
    expect(none.err()).toContain('nosuch.yaml');
    writeFileSync(join(directory, 'connector.yaml'), config(directory, '127.0.0.1:0', [{ match: {}, flavour: 1 }]));
    const wrong = createFakeIo(directory);
    expect(await runCli(['run', '--config', 'connector.yaml'], wrong)).toBe(1);
    expect(wrong.err()).toContain('flavour');
    expect(wrong.out()).toBe('');
  });

  test.each([[['--nosuch']], [['--log-level', 'loud']], [['extra']]])('wrong usage %j: 2', async (args) => {
    const io = createFakeIo(temporaryDirectory());
    expect(await runCli(['run', ...args], io)).toBe(2);
    expect(io.err()).toContain('--help says more');
  });
});

test('--help says how it is used and ends with 0; no command at all is wrong usage', async () => {
  const io = createFakeIo(temporaryDirectory());
  expect(await runCli(['run', '--help'], io)).toBe(0);
  expect(io.out()).toContain('--config');
  expect(io.out()).toContain('SIGTERM');
  expect(io.out()).toContain('Exit code');
  expect(await runCli([], createFakeIo('/'))).toBe(2);
  expect(await runCli(['nosuch'], createFakeIo('/'))).toBe(2);
  const version = createFakeIo('/');
  expect(await runCli(['--version'], version)).toBe(0);
  expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
});

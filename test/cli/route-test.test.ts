import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { createFakeIo } from './fake-io.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

async function routeTest(args: readonly string[], cwd = repository) {
  const io = createFakeIo(cwd);
  const code = await runCli(['route-test', ...args], io);
  return { code, out: io.out(), err: io.err() };
}

function directoryWith(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'connector-route-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'c.yaml'), text);
  return directory;
}

const salons = `flavors: { salon: { use: echo } }
routes:
  - match: { to: '\\+4420.*', header: { X-Tenant: acme } }
    flavor: salon
    variables: { shop: London }
    greeting: "Hello {{sip.x-customer}}, {{shop}} salon, {{form}}."
    answer: { delayMs: 500, earlyMedia: true }
  - match: { from: "1.*" }
    reject: 486
`;

describe('the shipped configuration', () => {
  test('2000 is the talking echo', async () => {
    expect(await routeTest(['2000'])).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(
        /^routes\[0\] {2}sip-config\/connector\.yaml:\d+ {2}matches\n2000 is answered by echo \(use: echo\)\n$/,
      ),
    });
  });

  test('2001 is the bare echo, and why not the first route', async () => {
    const { out } = await routeTest(['2001']);
    expect(out).toMatch(
      /^routes\[0\] {2}sip-config\/connector\.yaml:\d+ {2}no: to "2001" does not match 2000\nroutes\[1\]/,
    );
    expect(out).toContain('2001 is answered by bare-echo (use: echo)\n');
  });

  test('anything else is 404, and asking is no failure', async () => {
    const { code, out } = await routeTest(['12000']);
    expect(code).toBe(0);
    expect(out).toContain('12000 is refused with 404\n');
  });

  test('as JSON', async () => {
    const { code, out } = await routeTest(['2001', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ok: true,
      number: '2001',
      from: 'anonymous',
      file: 'sip-config/connector.yaml',
      route: 1,
      line: expect.any(Number),
      flavor: 'bare-echo',
      use: 'echo',
      reject: null,
      greeting: null,
      missing: [],
      answer: { delayMs: 0, earlyMedia: false },
      passedOver: [{ route: 0, line: expect.any(Number), why: 'to "2001" does not match 2000' }],
    });
  });
});

describe('conditions, templates and answers', () => {
  test('caller and headers count, and the greeting is shown as it would be said', async () => {
    const args = [
      '+442071234567',
      '--config',
      'c.yaml',
      '--header',
      'X-TENANT: acme',
      '--header',
      'X-Customer:Ann',
      '--header',
      'X-Customer: Bob',
    ];
    const { code, out } = await routeTest(args, directoryWith(salons));
    expect(code).toBe(0);
    expect(out).toBe(`routes[0]  c.yaml:3  matches
+442071234567 is answered by salon (use: echo)
  rings for 500 ms first
  is heard while it rings (early media)
  greets with "Hello Ann, London salon, ."
  without a value for {{form}}
`);
  });

  test('each route passed over says why, and no route at all is 404', async () => {
    const { out } = await routeTest(['+44201', '--from', '2000', '--config', 'c.yaml'], directoryWith(salons));
    expect(out).toBe(`routes[0]  c.yaml:3  no: header X-Tenant is absent, and must match acme
routes[1]  c.yaml:8  no: from "2000" does not match 1.*
no route matches
+44201 is refused with 404
`);
  });

  test('a route that rejects', async () => {
    const directory = directoryWith(salons);
    expect((await routeTest(['1', '--from', '1000', '--config', 'c.yaml'], directory)).out).toContain(
      '1 is refused with 486\n',
    );
    const { out } = await routeTest(['1', '--from', '1000', '--config', 'c.yaml', '--json'], directory);
    expect(JSON.parse(out)).toMatchObject({ route: 1, reject: 486, flavor: null, answer: null });
  });
});

describe('what goes wrong', () => {
  test.each([
    [[], "missing required argument 'number'"],
    [[''], 'expected a number'],
    [['2000', '3000'], 'too many arguments'],
    [['2000', '--header', 'no colon'], "expected 'Name: value'"],
    [['2000', '--header', ': x'], "expected 'Name: value'"],
    [['2000', '--form', '1'], 'unknown option'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err, out } = await routeTest(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('a configuration with mistakes', async () => {
    const directory = directoryWith('routes: [{ match: { to: "+44" }, reject: 404 }]\n');
    const human = await routeTest(['2000', '--config', 'c.yaml'], directory);
    expect(human.code).toBe(1);
    expect(human.err).toContain(
      'error: routes[0].match.to: bad regular expression: nothing to repeat\n --> c.yaml:1:25\n',
    );
    const json = await routeTest(['2000', '--config', 'c.yaml', '--json'], directory);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      errors: [{ line: 1, column: 25, key: 'routes[0].match.to' }],
    });
  });

  test('--help names every option, the exit codes and examples', async () => {
    const { code, out } = await routeTest(['--help']);
    expect(code).toBe(0);
    for (const text of ['--from', '--header', '--config', '--json', 'Exit code', 'Examples'])
      expect(out).toContain(text);
  });
});

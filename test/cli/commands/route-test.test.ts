// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are what is tested here.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { routeDefaults } from '../../support/config-defaults.js';
import { createFakeIo } from '../fake-io.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

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
        /^routes\[0\] {2}sip-config\/connector\.yaml:\d+ {2}matches\n2000 is answered by echo \(use: echo\)\n {2}is/,
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
      answer: { delayMs: 0, earlyMedia: false, headers: {} },
      hangup: { headers: {} },
      headers: {},
      passedOver: [{ route: 0, line: expect.any(Number), why: 'to "2001" does not match 2000' }],
      settings: null,
      conversation: {
        instructions: null,
        greeting: null,
        timeZone: 'UTC',
        interruption: routeDefaults.interruption,
        silence: { repromptSeconds: 15, reprompts: [], goodbye: null, endSeconds: 60 },
        duration: { warningSeconds: 30, endSeconds: 3600 },
        onFailure: { ...routeDefaults.onFailure, transfer: null },
        tools: [{ name: 'hang_up', is: 'built-in' }],
        transfer: [],
      },
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
  is interrupted by 250 ms of speech
  may use hang_up
  after 1300 ms without an answer says "One moment, please."
  when it fails: 1 retry, then "I am sorry, something went wrong. Please call again later.", then hang up
  without a value for {{form}}
`);
  });

  test('header fields in and out are shown as the call would have them', async () => {
    const text = `flavors: { a: { use: echo } }
routes:
  - match: { header: { Diversion: ".*sip:100@.*" } }
    flavor: a
    headers: [Diversion]
    answer: { headers: { X-From: "{{from}}" } }
    hangup: { headers: { X-Customer: "{{sip.X-Customer}}", X-Nothing: "{{sip.X-Nothing}}" } }
  - match: { any: true }
    reject: 603
    hangup: { headers: { Reason: Q.850;cause=21 } }
`;
    const directory = directoryWith(text);
    const headers = ['--header', 'Diversion: <sip:100@pbx>', '--header', 'diversion: <sip:200@pbx>'];
    const { out } = await routeTest(['1', '--config', 'c.yaml', ...headers, '--header', 'X-Customer: Ann'], directory);
    expect(out).toContain('  sees diversion: <sip:100@pbx>, <sip:200@pbx>\n');
    expect(out).toContain('  answers with X-From: anonymous\n  hangs up with X-Customer: Ann\n');
    expect(out).not.toContain('X-Nothing:');
    const refused = await routeTest(['1', '--config', 'c.yaml'], directory);
    expect(refused.out).toContain('1 is refused with 603\n  refuses with Reason: Q.850;cause=21\n');
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

const desk = `limits: { callSeconds: 600 }
flavors: { first: { use: echo }, second: { use: echo } }
transfer: { targets: { sales: "sip:sales@example.com", support: "tel:+442071234567" } }
tools: { weather: { type: mcp, command: weather } }
http: { allow: [127.0.0.1] }
routes:
  - match: { any: true }
    flavor: first
    instructions: You answer the phone of {{shop}}. It is {{datetime}} in {{timezone}}.
    variables: { shop: London }
    timeZone: Asia/Tokyo
    greeting: { text: "Good day, {{from}}" }
    interruption: { minSpeechMs: 400, minWords: 1, greeting: false }
    silence: { reprompts: [Hello?, Still there?], goodbye: Goodbye. }
    duration: { warning: Soon over. }
    onFailure: { retries: 2, flavors: [second], transfer: sales }
    tools: [hang_up, transfer, weather]
    transfer: [sales, support]
    settings: { url: "http://127.0.0.1:PORT/numbers/{{to}}", token: sesame-opens, required: true }
`;

describe('a whole conversation', () => {
  test('is told step by step, and the settings of the call are not asked for', async () => {
    const { code, out } = await routeTest(['+44 1', '--config', 'c.yaml'], directoryWith(desk.replace('PORT', '1')));
    expect(code).toBe(0);
    expect(out.replace(/It is .* in Asia/, 'It is NOW in Asia')).toBe(`routes[0]  c.yaml:7  matches
+44 1 is answered by first (use: echo)
  settings: http://127.0.0.1:1/numbers/%2B44%201 (not asked: add --fetch; refused with 503 without an answer)
  is told "You answer the phone of London. It is NOW in Asia/Tokyo."
  greets with "Good day, anonymous"
  is interrupted by 400 ms of speech and 1 word, but not while it greets
  may use hang_up, transfer (sales: sip:sales@example.com, support: tel:+442071234567), weather (mcp)
  after 15 s of silence says "Hello?", then "Still there?"
  after 60 s of silence says "Goodbye." and hangs up
  after 570 s says "Soon over."
  after 1300 ms without an answer says "One moment, please."
  when it fails: 2 retries, then second (use: echo), then "I am sorry, something went wrong. Please call again later.", then transfer to sales (sip:sales@example.com)
`);
  });

  test('limits of the route’s own are told in place of those of all calls', async () => {
    const route = desk
      .replace('PORT', '1')
      .replace('goodbye: Goodbye.', 'goodbye: Goodbye., firstSeconds: 4, endSeconds: 90')
      .replace('{ warning: Soon over. }', '{ warning: Soon over., endSeconds: 100 }');
    const { out } = await routeTest(['1', '--config', 'c.yaml'], directoryWith(route));
    expect(out).toContain(`  says "Hello?" to who has said nothing at all after 4 s
  after 15 s of silence says "Hello?", then "Still there?"
  after 90 s of silence says "Goodbye." and hangs up
  after 70 s says "Soon over."
`);
    const { out: json } = await routeTest(['1', '--config', 'c.yaml', '--json'], directoryWith(route));
    expect(JSON.parse(json)).toMatchObject({
      conversation: { silence: { firstSeconds: 4, endSeconds: 90 }, duration: { endSeconds: 100 } },
    });
  });

  test('what the agent is told in place of words', async () => {
    const route = desk
      .replace('PORT', '1')
      .replace('goodbye: Goodbye.', 'goodbye: { instructions: "Report to {{shop}}.", text: Bye. }');
    const { out } = await routeTest(['1', '--config', 'c.yaml'], directoryWith(route));
    expect(out).toContain('  after 60 s of silence says what it sees fit (told "Report to London.") and hangs up\n');
    const { out: json } = await routeTest(['1', '--config', 'c.yaml', '--json'], directoryWith(route));
    const goodbye = { instructions: 'Report to London.', text: 'Bye.' };
    expect(JSON.parse(json)).toMatchObject({ conversation: { silence: { goodbye } } });
  });

  test('one that leaves the first word to the other side', async () => {
    const route = desk.replace('PORT', '1').replace('{ text: "Good day, {{from}}" }', 'false');
    const { out } = await routeTest(['1', '--config', 'c.yaml'], directoryWith(route));
    expect(out).toContain('\n  does not greet\n');
  });

  test('one that cannot be interrupted and can only talk', async () => {
    const text =
      'flavors: { a: { use: echo } }\nroutes: [{ match: { any: true }, flavor: a, tools: [], interruption: { enabled: false } }]\n';
    const { out } = await routeTest(['1', '--config', 'c.yaml'], directoryWith(text));
    expect(out).toContain('  cannot be interrupted\n  may use no tools\n');
  });

  test('secrets in a text are not shown', async () => {
    const directory = directoryWith(
      "flavors: { a: { use: echo } }\nroutes: [{ match: { any: true }, flavor: a, greeting: 'Say ${file:secret.txt}' }]\n",
    );
    writeFileSync(join(directory, 'secret.txt'), 'open sesame');
    for (const args of [[], ['--json']]) {
      const { out } = await routeTest(['1', '--config', 'c.yaml', ...args], directory);
      expect(out).toContain('Say [redacted]');
      expect(out).not.toContain('sesame');
    }
  });
});

describe('--fetch asks for the settings of the call', () => {
  async function fetchFrom(answer: (response: ServerResponse) => void, args: readonly string[] = []) {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url, request.headers.authorization);
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const directory = directoryWith(desk.replace('PORT', String(port)));
    const result = await routeTest(['2000', '--fetch', '--config', 'c.yaml', ...args], directory);
    return { ...result, asked, port };
  }

  test('and shows the route as they leave it', async () => {
    const { asked, code, out, port } = await fetchFrom((response) =>
      response.end(
        JSON.stringify({
          flavor: 'second',
          tools: ['hang_up', 'hold'],
          timeZone: 'Europe/Paris',
          variables: { shop: 'Paris' },
        }),
      ),
    );
    expect(code).toBe(0);
    expect(asked).toEqual(['/numbers/2000', 'Bearer sesame-opens']);
    expect(out).toContain(
      `2000 is answered by second (use: echo)\n  settings: http://127.0.0.1:${port}/numbers/2000 (fetched)\n` +
        '  settings: the settings of a call name what its route does not allow: left out (tools)\n' +
        '  is told "You answer the phone of Paris.',
    );
    expect(out).toContain('  may use hang_up\n');
    expect(out).toMatch(/It is .* in Europe\/Paris/);
  });

  test('and shows a refusal', async () => {
    const { out } = await fetchFrom((response) => response.end('{"reject":486}'));
    expect(out).toMatch(/2000 is refused with 486\n {2}settings: .* \(fetched\)\n$/);
  });

  test('and says why there are none; that is no failure of the command', async () => {
    const { code, out } = await fetchFrom((response) => response.writeHead(500).end());
    expect(code).toBe(0);
    expect(out).toMatch(/2000 is refused with 503\n {2}settings: .* \(unavailable\)\n {2}settings: .*status 500\)\n$/);
    const json = await fetchFrom((response) => response.writeHead(500).end(), ['--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      reject: 503,
      flavor: null,
      settings: { source: 'unavailable', required: true },
      conversation: null,
    });
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
    for (const text of ['--from', '--header', '--config', '--fetch', '--json', 'Exit code', 'Examples'])
      expect(out).toContain(text);
  });
});

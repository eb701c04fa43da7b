import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createCheckCommand } from '../../../src/cli/commands/check.js';
import { createFlavorCheckDeps, type FlavorCheckDeps } from '../../../src/cli/flavor-check.js';
import { readConfig } from '../../../src/cli/read-config.js';
import { runCli } from '../../../src/cli/run-cli.js';
import { defineFlavor, type Flavor, FlavorError, type FlavorModule } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { warningsOf } from '../../support/process-warnings.js';
import { createFakeIo, type FakeIo } from '../fake-io.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

function directoryWith(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'connector-check-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'connector.yaml'), text);
  return directory;
}

async function check(text: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const io = createFakeIo(directoryWith(text), { env });
  const code = await runCli(['check', '--config', 'connector.yaml', ...args], io);
  return { code, out: io.out(), err: io.err() };
}

test('tools that cannot work have a line too', async () => {
  const { code, err } = await check(`flavors: { one: { use: echo } }
tools:
  book:
    type: webhook
    description: Books a haircut.
    url: https://shop.example/book
    body: '{"day": '
  who:
    type: module
    path: ${join(repository, 'test/fixtures/tools/no-run.mjs')}
routes: [{ match: { any: true }, flavor: one, tools: [book, who] }]
`);
  expect(code).toBe(1);
  expect(err).toMatch(/error: tools\.book\.body: with its placeholders filled in, this is not JSON\n.*:7:/);
  expect(err).toMatch(/error: tools\.who\.path: .*is no tool: its default export has no run\(\)\n.*:10:/);
  expect(err).toContain('connector.yaml: 2 errors');
});

test('a flavor that no call could use has a line too, as at the start', async () => {
  const directory = directoryWith(
    'flavors: { desk: { use: ./desk.mjs } }\nroutes: [{ match: { any: true }, flavor: desk }]\n',
  );
  writeFileSync(
    join(directory, 'desk.mjs'),
    `const standard = { version: 1, vendor: 'me', validate: (value) => ({ value }), jsonSchema: { input: () => ({ type: 'object' }) } };
     const formats = [{ encoding: 'opus', sampleRate: 48000 }];
     export default {
       manifest: { id: 'desk', displayName: 'Desk', apiVersion: 1, configSchema: { '~standard': standard } },
       create: () => ({ capabilities: { input: formats, output: formats }, open() {}, async [Symbol.asyncDispose]() {} }),
     };`,
  );
  const io = createFakeIo(directory);
  expect(await runCli(['check', '--config', 'connector.yaml'], io)).toBe(1);
  expect(io.err()).toMatch(
    /error: flavors\.desk: cannot be made: capabilities\.input names .*opus.* \(ERR_FLAVOR_INVALID\)/,
  );
});

describe('the shipped configuration', () => {
  test('is the default, and there is nothing wrong with it', async () => {
    const io = createFakeIo(repository);
    expect(await runCli(['check'], io)).toBe(0);
    expect(io.err()).toBe('');
    expect(io.out()).toBe(
      `sip-config/connector.yaml: ok
  listens on  udp:0.0.0.0:5060 tcp:0.0.0.0:5060
  flavors     echo, bare-echo
  routes      3
`,
    );
  });

  test('as JSON', async () => {
    const io = createFakeIo(repository);
    expect(await runCli(['check', '--json'], io)).toBe(0);
    expect(JSON.parse(io.out())).toEqual({
      ok: true,
      file: 'sip-config/connector.yaml',
      errors: [],
      warnings: [],
      flavors: [
        { name: 'echo', use: 'echo', displayName: expect.any(String), ok: true },
        { name: 'bare-echo', use: 'echo', displayName: expect.any(String), ok: true },
      ],
    });
  });

  test('its flavors can be made and answer', async () => {
    const io = createFakeIo(repository);
    expect(await runCli(['check', '--providers'], io)).toBe(0);
    expect(io.out()).toMatch(/^ok {2}bare-echo \(.+\): answered in \d+ ms$/m);
  });
});

test.each([
  ['nowhere/model', 'nowhere/model: there is no such folder'],
  ['connector.yaml', 'connector.yaml is no folder'],
  ['.', undefined],
])('the folder %s of a model: %s', async (folder, problem) => {
  const text = `flavors:
  desk:
    use: chatterbox-custom
    stt: { provider: sherpa-onnx, folder: "\${DIRECTORY}/${folder}" }
    llm: { provider: openai, model: m, apiKey: abcdef-1 }
    tts: { provider: chatterbox, server: devnen, url: http://127.0.0.1:1 }
routes: [{ match: { any: true }, flavor: desk }]
`;
  const directory = directoryWith(text);
  const io = createFakeIo(directory, { env: { DIRECTORY: directory } });
  expect(await runCli(['check', '--config', 'connector.yaml'], io)).toBe(0);
  if (problem === undefined) expect(io.err()).toBe('');
  else expect(io.err()).toContain(`warning: flavors.desk.stt.folder: ${directory}/${problem}`);
  // What `run` logs.
  const { warnings } = await readConfig('connector.yaml', io);
  expect(warnings.map(({ key }) => key)).toEqual(problem === undefined ? [] : ['flavors.desk.stt.folder']);
});

test.each([[], ['--providers']])('instructions for a flavor that has no model are a warning %s', async (...args) => {
  const { code, err } = await check(
    `flavors: { one: { use: echo } }
routes:
  - match: { any: true }
    flavor: one
    silence: { reprompts: [Hello?, { instructions: Ask. }] }
    duration: { warning: { instructions: Report. } }
`,
    args,
  );
  expect(code).toBe(0);
  const told = 'instructions: the flavor "one" has no model that would follow them';
  expect(err).toContain(`warning: routes[0].silence.reprompts[1].${told}\n`);
  expect(err).toContain(`warning: routes[0].duration.warning.${told}\n`);
  expect(err.match(/no model/g)).toHaveLength(2);
});

test('a codec whose library cannot be loaded is a warning', async () => {
  const { code, err } = await check(
    'media: { codecs: [opus, pcmu], opus: { library: node-opus } }\nroutes: [{ match: { any: true }, reject: 404 }]\n',
  );
  expect(code).toBe(0);
  expect(err).toContain('warning: media.codecs[0]: not offered: the package node-opus cannot be loaded\n');
});

describe('what this machine lacks has a line before the start finds out', () => {
  const route = 'routes: [{ match: { any: true }, reject: 404 }]\n';

  test.each([
    ['media: { engine: native }', 1, 'error: media.engine: it cannot be had: the add-on has not been built'],
    ['media: { dscp: EF }', 0, 'warning: media.dscp: packets will not be marked: the add-on has not been built'],
    ['media: { engine: auto }', 0, undefined],
  ])('the media add-on: %s', async (text, code, line) => {
    const io = createFakeIo(directoryWith(`${text}\n${route}`));
    const deps = { ...createFlavorCheckDeps(), findAddon: () => undefined };
    let reported = 0;
    const command = createCheckCommand(
      io,
      (exitCode) => {
        reported = exitCode;
      },
      deps,
    );
    await command.parseAsync(['--config', 'connector.yaml'], { from: 'user' });
    expect(reported).toBe(code);
    if (line === undefined) expect(io.err()).toBe('');
    else expect(io.err()).toContain(`${line}\n`);
    if (line !== undefined) expect(io.err()).toContain('npm run build:native');
  });

  test.each([
    ['cdr: { path: connector.yaml/cdr.jsonl }', 1, 'error: cdr.path: ', 'what should be its directory is a file'],
    ['cdr: { path: . }', 1, 'error: cdr.path: ', 'it is a directory'],
    ['cdr: { path: data/2026/cdr.jsonl }', 0, '', ''],
    [
      'recording: { mode: stereo, path: connector.yaml/calls }',
      0,
      'warning: recording.path: calls would not be recorded: ',
      'what should be its directory is a file',
    ],
    ['recording: { mode: "off", path: connector.yaml/calls }', 0, '', ''],
  ])('files and directories that the connector writes: %s', async (text, code, start, end) => {
    const { code: was, err } = await check(`${text}\n${route}`);
    expect(was).toBe(code);
    const [first = ''] = err.split('\n');
    expect([first.startsWith(start), first.endsWith(end)], first).toEqual([true, true]);
    if (start === '') expect(err).toBe('');
  });

  test.each([
    ['no-such-program', 'warning: tools.crm.command: this program cannot be started: it is not in PATH'],
    ['./no-such-program', 'warning: tools.crm.command: this program cannot be started: there is no such file'],
    ['/etc', 'warning: tools.crm.command: this program cannot be started: there is no such file'],
    ['/etc/passwd', 'warning: tools.crm.command: this program cannot be started: it may not be started'],
    ['sh', ''],
    ['/bin/sh', ''],
  ])('the program of an MCP server: %s', async (command, line) => {
    const { code, err } = await check(`tools: { crm: { type: mcp, command: ${command} } }\n${route}`);
    expect(code).toBe(0);
    expect(err.split('\n')[0]).toBe(line);
  });
});

describe('mistakes', () => {
  test('go to stderr with file, line and key, and the exit code is 1', async () => {
    const { code, err, out } = await check(
      'media: { codec: [pcmu] }\nroutes: [{ match: { any: true }, reject: 404 }]\n',
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(`\n${err}`).toMatchInlineSnapshot(`
      "
      error: media.codec: unknown key
       --> connector.yaml:1:10
        |
      1 | media: { codec: [pcmu] }
        |          ^^^^^
        = help: did you mean "codecs"?

      connector.yaml: 1 error
      "
    `);
  });

  test('as JSON say where they are, without the excerpt', async () => {
    const { code, err, out } = await check(
      'media: { codec: [pcmu] }\nroutes: [{ match: { any: true }, reject: 404 }]\n',
      ['--json'],
    );
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(JSON.parse(out)).toEqual({
      ok: false,
      file: 'connector.yaml',
      errors: [
        {
          severity: 'error',
          code: 'ERR_CONFIG_INVALID',
          file: 'connector.yaml',
          line: 1,
          column: 10,
          key: 'media.codec',
          message: 'unknown key',
          help: 'did you mean "codecs"?',
        },
      ],
      warnings: [],
      flavors: [],
    });
  });

  test('warnings are told and are no failure', async () => {
    const { code, err, out } = await check(
      'media: { ports: 40000-40009 }\nroutes: [{ match: { any: true }, reject: 404 }]\n',
    );
    expect(code).toBe(0);
    expect(err).toContain('warning: media.ports: the range has ports for 5 calls, and limits.calls is 200\n');
    expect(out).toContain('connector.yaml: ok, 1 warning\n');
  });

  test('a missing file', async () => {
    const io = createFakeIo('/nowhere');
    expect(await runCli(['check', '--config', 'missing.yaml'], io)).toBe(1);
    expect(io.err()).toContain('error: the configuration file cannot be read: there is no such file');
  });

  test("a flavor that does not exist, and options that are not the flavor's, have a line too", async () => {
    const { code, err } = await check(`flavors:
  one: { use: ecko }
  two: { use: "./nowhere.js" }
  three:
    use: echo
    mode: immediatly
    voise: slt
    maxTurnSeconds: "30"
routes: [{ match: { any: true }, reject: 404 }]
`);
    expect(code).toBe(1);
    expect(`\n${err.replaceAll(/there is no file \S+/g, 'there is no file …')}`).toMatchInlineSnapshot(`
      "
      error: flavors.one.use: the flavor "ecko" does not load: Cannot find module 'ecko' (built in: echo, openai-realtime, deepgram, deepgram-agent, azure, chatterbox-custom)
       --> connector.yaml:2:15
        |
      2 |   one: { use: ecko }
        |               ^^^^
        = help: did you mean "echo"?

      error: flavors.two.use: the flavor "./nowhere.js" does not load: there is no file … (built in: echo, openai-realtime, deepgram, deepgram-agent, azure, chatterbox-custom)
       --> connector.yaml:3:15
        |
      3 |   two: { use: "./nowhere.js" }
        |               ^^^^^^^^^^^^^^
        = help: a package must be installed beside the configuration file; a path starts at its directory

      error: flavors.three.mode: expected turns or immediate
       --> connector.yaml:6:11
        |
      6 |     mode: immediatly
        |           ^^^^^^^^^^
        = help: did you mean "immediate"?

      error: flavors.three.voise: unknown key
       --> connector.yaml:7:5
        |
      7 |     voise: slt
        |     ^^^^^
        = help: did you mean "voice"?

      error: flavors.three.maxTurnSeconds: expected a number, found text
       --> connector.yaml:8:21
        |
      8 |     maxTurnSeconds: "30"
        |                     ^^^^
        = help: The longest turn it repeats; the rest is cut (turns).

      connector.yaml: 5 errors
      "
    `);
  });
});

describe('options of chatterbox-custom', () => {
  const file = (section: string): string =>
    `flavors:\n  desk:\n    use: chatterbox-custom\n${section}routes: [{ match: { any: true }, flavor: desk }]\n`;

  test('what only making the flavor shows has a line too, and nobody is asked for it', async () => {
    const { code, err } = await check(file('    stt: { provider: whisper, url: "ws://127.0.0.1:8000/v1" }\n'));
    expect(code).toBe(1);
    expect(err).toMatch(/error: flavors\.desk: cannot be made: url: .* http or https .*\(ERR_FLAVOR_CONFIG\)\n.*:2:3/);
  });

  test('with profile private, each engine that is elsewhere, and what helps', async () => {
    const { code, err } = await check(
      file(`    profile: private
    llm: { provider: openai-compatible, baseUrl: "https://llm.example.com/v1", model: any }
    tts: { provider: replicate, apiKey: secret-canary }
`),
    );
    expect(code).toBe(1);
    expect(err).toMatch(/error: flavors\.desk\.llm\.baseUrl: llm\.example\.com is not among the hosts .*\n.*:5:50/);
    expect(err).toMatch(/error: flavors\.desk\.tts\.baseUrl: api\.replicate\.com is not among the hosts .*\n.*:6:/);
    expect(err.match(/help: with `profile: private` it must be on loopback/g)).toHaveLength(2);
    expect(err).not.toContain('secret-canary');
  });

  test.each([
    [
      'a key of another server of the same provider',
      'tts: { provider: chatterbox, server: modal, url: "https://a.modal.run", warmMinute: 3, predefined: amy }',
      [
        /tts\.warmMinute: unknown key[^=]*= help: did you mean "warmMinutes"\?/,
        /tts\.predefined: unknown key[^=]*= help: the keys here are provider, server, url, key, secret/,
      ],
    ],
    [
      'a range of the provider that is meant, not of another one',
      'tts: { provider: openai-speech, maxCharacters: 5000 }',
      [/tts\.maxCharacters: expected a number from 40 to 4096\n/],
    ],
    [
      'an address without its scheme',
      'tts: { provider: chatterbox, server: devnen, url: "127.0.0.1:8004" }',
      [/tts\.url: expected an address with its scheme.*\n(?:.*\n)*?.*help: Of the server/],
    ],
    [
      'a text that is too long',
      `filler: { text: "${'word '.repeat(50)}" }`,
      [/filler\.text: the text is too long: at most 200 characters/],
    ],
    [
      'a list that is too long',
      `tiers: [${'{ name: a, kind: local, backend: { provider: chatterbox, server: devnen, url: "http://10.0.0.1" } },'.repeat(9)}]`,
      [/tiers: the list is too long: at most 8 entries/],
    ],
    [
      'a provider that there is not',
      'tts: { provider: chaterbox, url: "http://127.0.0.1:8004" }',
      [/tts\.provider: expected .*\n(?:.*\n)*?.*help: did you mean "chatterbox"\?/],
    ],
    [
      'a server that there is not',
      'tts: { provider: chatterbox, server: devnem, url: "http://127.0.0.1:8004" }',
      [/tts\.server: expected .*\n(?:.*\n)*?.*help: did you mean "devnen"\?/],
    ],
    [
      'a voice by its bare name',
      'tts: { provider: chatterbox, server: devnen, url: "http://127.0.0.1:8004", voice: Emily.wav }',
      [/tts\.voice: expected keys and values, found text\n/],
    ],
    [
      'a voice without its file ending',
      'tts: { provider: chatterbox, server: devnen, url: "http://127.0.0.1:8004", voice: { predefined: Emily } }',
      [
        /tts\.voice\.predefined: this text has not the form .*\n(?:.*\n)*?.*help: One of the server's voices, as its file: `Emily.wav`/,
      ],
    ],
    [
      'a voice of another server',
      'tts: { provider: chatterbox, server: devnen, url: "http://127.0.0.1:8004", voice: { clone: amy.wav } }',
      [/tts\.voice\.clone: unknown key\n(?:.*\n)*?.*help: the keys here are predefined, reference/],
    ],
  ])('%s is explained', async (_what, section, expected) => {
    const { code, err } = await check(file(`    ${section}\n`));
    expect(code).toBe(1);
    for (const pattern of expected) expect(err).toMatch(pattern);
    expect(err).not.toMatch(/undefined|something else/);
  });
});

test('colour is for terminals, and not for those who asked for none', async () => {
  const directory = directoryWith('routes: []\n');
  const shown = async (io: FakeIo): Promise<boolean> => {
    expect(await runCli(['check', '--config', 'connector.yaml'], io)).toBe(1);
    return io.err().includes('\u001b[');
  };
  expect(await shown(createFakeIo(directory, { isTTY: true }))).toBe(true);
  expect(await shown(createFakeIo(directory))).toBe(false);
  expect(await shown(createFakeIo(directory, { isTTY: true, env: { NO_COLOR: '1' } }))).toBe(false);
});

test.each([[['check', '--colour']], [['check', 'extra']], [['check', '--config']]])(
  '%j is wrong usage',
  async (args) => {
    const io = createFakeIo(repository);
    expect(await runCli(args, io)).toBe(2);
    expect(io.err()).toMatch(/^error: /);
    expect(io.out()).toBe('');
  },
);

test('--help names every option, the exit codes and examples', async () => {
  const io = createFakeIo(repository);
  expect(await runCli(['check', '--help'], io)).toBe(0);
  for (const text of ['--config', '--providers', '--json', 'Exit code', 'Examples']) expect(io.out()).toContain(text);
});

describe('providers', () => {
  const capabilities: Flavor['capabilities'] = {
    kind: 'cascade',
    input: [{ encoding: 'mulaw', sampleRate: 8000 }],
    output: [{ encoding: 'mulaw', sampleRate: 8000 }],
    turnTaking: 'host',
    truncation: false,
    tools: false,
    verbatimSpeech: false,
    needsVad: false,
    interruptible: false,
  };
  const text = `flavors:
  good: { use: fake, answer: good, license: licence-canary }
  bad: { use: fake, answer: bad, license: licence-canary }
  half: { use: fake, answer: half, license: licence-canary }
  slow: { use: fake, answer: slow }
routes: [{ match: { any: true }, flavor: good }]
`;

  /** A provider that answers, refuses (repeating the secret), or never answers, as its configuration says. */
  function fakeDeps(): FlavorCheckDeps & { readonly clock: FakeClock; readonly disposed: string[] } {
    const disposed: string[] = [];
    const configSchema = z.strictObject({
      answer: z.enum(['good', 'bad', 'half', 'slow']),
      license: z.string().optional().meta({ writeOnly: true }),
    });
    const module = defineFlavor<z.output<typeof configSchema>>({
      manifest: { id: 'fake', displayName: 'Fake', apiVersion: 1, configSchema },
      create: ({ answer, license }, { log }) => ({
        capabilities,
        async check(signal) {
          if (answer === 'bad') throw new FlavorError('ERR_FLAVOR_AUTH', `401 for ${license}`, false);
          if (answer === 'half')
            log.warn({ tier: 'rented', code: 'ERR_FLAVOR_AUTH', detail: `401 for ${license}` }, 'a tier does not work');
          if (answer === 'good' || answer === 'half') return;
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('aborted')));
          });
        },
        open: () => Promise.reject(new Error('not in this test')),
        async [Symbol.asyncDispose]() {
          disposed.push(answer);
        },
      }),
    });
    return { clock: new FakeClock(), disposed, loadModule: async () => module as never };
  }

  async function checkProviders(deps: ReturnType<typeof fakeDeps>, io: FakeIo, args: readonly string[] = []) {
    const codes: number[] = [];
    const command = createCheckCommand(io, (code) => codes.push(code), deps);
    const done = command.parseAsync(['--config', 'connector.yaml', '--providers', ...args], { from: 'user' });
    return { done, codes };
  }

  /** Lets the fake clock run until the command is done. */
  async function finish(clock: FakeClock, done: Promise<unknown>): Promise<void> {
    let isDone = false;
    void done.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.pendingTimers > 0) clock.advance(250);
    }
    await done;
  }

  test('Node.js takes a dozen that are asked at the same time for no leak', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `f${index}`);
    const many = names.map((name) => `  ${name}: { use: fake, answer: slow }\n`).join('');
    const deps = fakeDeps();
    const io = createFakeIo(directoryWith(`flavors:\n${many}routes: [{ match: { any: true }, flavor: f0 }]\n`));
    const warnings = await warningsOf(async () => {
      const { done } = await checkProviders(deps, io);
      await finish(deps.clock, done);
    });
    expect(deps.disposed).toHaveLength(12);
    expect(warnings).toEqual([]);
  });

  test('are asked, and each is reported; secrets are not', async () => {
    const deps = fakeDeps();
    const io = createFakeIo(directoryWith(text));
    const { codes, done } = await checkProviders(deps, io);
    await finish(deps.clock, done);
    expect(codes).toEqual([1]);
    expect(io.out()).toMatch(/^ok {2}good \(Fake\): answered in \d+ ms\nok {2}half \(Fake\): answered in \d+ ms\n$/);
    expect(io.err()).toContain('warning half: a tier does not work: rented: 401 for [redacted] (ERR_FLAVOR_AUTH)\n');
    expect(io.err()).toContain('waiting for the providers of slow ...\n');
    expect(io.err()).toContain('failed  bad (Fake): 401 for [redacted] (ERR_FLAVOR_AUTH)\n');
    expect(io.err()).toContain('failed  slow (Fake): no answer within 20 s\n');
    expect(io.err()).toContain('connector.yaml: a provider does not answer\n');
    expect(deps.disposed.sort()).toEqual(['bad', 'good', 'half', 'slow']);
    expect(deps.clock.pendingTimers).toBe(0);
  });

  test('a flavor of this package that does not load is not taken for a slip of the pen', async () => {
    const deps = { ...fakeDeps(), loadModule: () => Promise.reject(new Error('Cannot find module')) };
    const io = createFakeIo(
      directoryWith('flavors: { one: { use: deepgram } }\nroutes: [{ match: { any: true }, flavor: one }]\n'),
    );
    const { codes, done } = await checkProviders(deps, io);
    await done;
    expect(codes).toEqual([1]);
    expect(io.err()).toContain('= help: it belongs to this package, of which something is missing: install that again');
  });

  test.each([
    ['export default { create() {} };', 'a module gives its flavor so: export default defineFlavor({ ... })'],
    ["throw new Error('no SDK');", 'the module itself fails, at the place named'],
  ])('a module with a mistake is told what to do: %s', async (source, help) => {
    const directory = directoryWith(
      'flavors: { one: { use: ./one.mjs } }\nroutes: [{ match: { any: true }, flavor: one }]\n',
    );
    writeFileSync(join(directory, 'one.mjs'), source);
    const io = createFakeIo(directory);
    expect(await runCli(['check', '--config', 'connector.yaml'], io)).toBe(1);
    expect(io.err()).toContain(`= help: ${help}\n`);
  });

  test('a module that Node.js cannot read, of which it does not say where', async () => {
    const cause = new SyntaxError('Unexpected end of input');
    const loadModule = () => Promise.reject(new Error(`"./one.mjs" does not load: ${cause.message}`, { cause }));
    const io = createFakeIo(
      directoryWith('flavors: { one: { use: ./one.mjs } }\nroutes: [{ match: { any: true }, flavor: one }]\n'),
    );
    const { codes, done } = await checkProviders({ ...fakeDeps(), loadModule }, io);
    await done;
    expect(codes).toEqual([1]);
    expect(io.err()).toContain('= help: a module cannot be read: node --check FILE says where\n');
  });

  test('a flavor beside which the connector is not installed is told what is missing', async () => {
    const missing =
      "Cannot find package 'sip-voice-connector' imported from /etc/connector/node_modules/clock/index.js";
    const deps = { ...fakeDeps(), loadModule: () => Promise.reject(new Error(missing)) };
    const io = createFakeIo(
      directoryWith('flavors: { one: { use: clock } }\nroutes: [{ match: { any: true }, flavor: one }]\n'),
    );
    const { codes, done } = await checkProviders(deps, io);
    await done;
    expect(codes).toEqual([1]);
    expect(io.err()).toContain('= help: the flavor imports sip-voice-connector, which must be installed beside it\n');
  });

  test('a flavor whose module is never loaded is told after a while, and one that is never made', async () => {
    const never = new Promise<never>(() => {});
    const deps = fakeDeps();
    const { manifest } = await deps.loadModule('', '');
    const loadModule = async (use: string) => (use === 'clock' ? never : ({ manifest, create: () => never } as never));
    const io = createFakeIo(
      directoryWith(
        'flavors: { one: { use: clock }, two: { use: watch, answer: good } }\nroutes: [{ match: { any: true }, flavor: one }]\n',
      ),
    );
    const codes: number[] = [];
    const command = createCheckCommand(io, (code) => codes.push(code), { ...deps, loadModule });
    await finish(deps.clock, command.parseAsync(['--config', 'connector.yaml'], { from: 'user' }));
    expect(codes).toEqual([1]);
    expect(io.err()).toContain('flavors.one.use: its module takes more than 30 s to load');
    expect(io.err()).toContain('flavors.two: cannot be made: it takes more than 30 s');
    expect(deps.clock.pendingTimers).toBe(0);
  });

  test.each([[], ['--providers']])('a flavor that never closes is told after a while, with %j', async (...args) => {
    const deps = fakeDeps();
    const { manifest, ...rest } = (await deps.loadModule('', '')) as FlavorModule;
    const create: FlavorModule['create'] = async (options, flavorDeps) => ({
      ...(await rest.create(options, flavorDeps)),
      [Symbol.asyncDispose]: () => new Promise<never>(() => {}),
    });
    const io = createFakeIo(
      directoryWith(
        'flavors: { one: { use: clock, answer: good } }\nroutes: [{ match: { any: true }, flavor: one }]\n',
      ),
    );
    const codes: number[] = [];
    const command = createCheckCommand(io, (code) => codes.push(code), {
      ...deps,
      loadModule: async () => ({ manifest, create }),
    });
    await finish(deps.clock, command.parseAsync(['--config', 'connector.yaml', ...args], { from: 'user' }));
    expect(codes).toEqual([1]);
    expect(io.err()).toMatch(
      args.length === 0
        ? /flavors\.one: cannot be closed: it takes more than 5 s to close/
        : /failed {2}one \(Fake\): it takes more than 5 s to close/,
    );
    expect(deps.clock.pendingTimers).toBe(0);
  });

  test('as JSON', async () => {
    const deps = fakeDeps();
    const io = createFakeIo(directoryWith(text));
    const { done } = await checkProviders(deps, io, ['--json']);
    await finish(deps.clock, done);
    const printed = JSON.parse(io.out());
    expect(printed).toMatchObject({
      ok: false,
      errors: [],
      flavors: [
        { name: 'good', ok: true, provider: { ok: true } },
        { name: 'bad', ok: false, provider: { ok: false, code: 'ERR_FLAVOR_AUTH', message: '401 for [redacted]' } },
        {
          name: 'half',
          ok: true,
          provider: { ok: true, warnings: ['a tier does not work: rented: 401 for [redacted] (ERR_FLAVOR_AUTH)'] },
        },
        { name: 'slow', ok: false, provider: { ok: false, code: null } },
      ],
    });
  });

  test('are not asked for a flavor whose options are wrong', async () => {
    const deps = fakeDeps();
    const io = createFakeIo(directoryWith(text.replace('answer: slow', 'answer: slo')));
    const { codes, done } = await checkProviders(deps, io);
    await finish(deps.clock, done);
    expect(codes).toEqual([1]);
    expect(io.err()).toContain('flavors.slow.answer: expected good, bad, half or slow');
    expect(io.err()).toContain('help: did you mean "slow"?');
    expect(deps.disposed.sort()).toEqual(['bad', 'good', 'half']);
  });

  test('an interrupted check ends', async () => {
    const deps = fakeDeps();
    const abort = new AbortController();
    const io = createFakeIo(directoryWith(text), { abort });
    const { done } = await checkProviders(deps, io);
    while (deps.clock.pendingTimers < 2) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await done;
    expect(io.err()).toContain('failed  slow (Fake): interrupted\n');
    expect(deps.clock.pendingTimers).toBe(0);
  });

  test('a write-only option is masked in the line that is quoted', async () => {
    const deps = fakeDeps();
    const io = createFakeIo(directoryWith(text.replace('answer: good', 'answer: godo')));
    const { done } = await checkProviders(deps, io);
    await finish(deps.clock, done);
    expect(io.err()).toContain('good: { use: fake, answer: godo, license: [redacted] }');
    expect(io.err()).not.toContain('licence-canary');
  });
});

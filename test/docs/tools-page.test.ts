import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { runCli } from '../../src/cli/run-cli.js';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.js';
import { builtInTools } from '../../src/config/notation/tool-names.js';
import { createGuardedFetch } from '../../src/http/guarded-fetch.js';
import { builtInToolNames, createBuiltIns } from '../../src/tools/built-in.js';
import { MAX_OUTPUT_CHARS } from '../../src/tools/tool-output.js';
import type { ToolRunner } from '../../src/tools/tool-runner.js';
import { openToolSet } from '../../src/tools/tool-set.js';
import { createFakeIo } from '../cli/fake-io.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryLog } from '../support/memory-log.js';
import { FakePhone, sampleFacts } from '../support/tool-runner.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(repository, 'docs/9-tools.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
  language,
  text,
}));

/** The block of the page that holds `mark`. */
function block(language: string, mark: string): string {
  const found = blocks.find((candidate) => candidate.language === language && candidate.text.includes(mark));
  if (!found) throw new Error(`no ${language} block with ${mark}`);
  return found.text;
}

function folder(parent: string): string {
  const path = mkdtempSync(join(parent, 'tools-page-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const env = { OPENAI_API_KEY: 'a-key', WEBHOOK_SECRET: 'whsec_c2VjcmV0', CRM_TOKEN: 'x', CALENDAR_TOKEN: 'y' };

async function load(text: string, directory = folder(tmpdir())): Promise<LoadedConfig['config']> {
  writeFileSync(join(directory, 'connector.yaml'), text);
  const loaded = await loadConfig('connector.yaml', { env, cwd: directory });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.config;
}

/** The tools of a configuration's first route. */
async function toolsOf(config: LoadedConfig['config']): Promise<ToolRunner> {
  const clock = createSystemClock();
  const http = createGuardedFetch({ allow: config.http.allow, clock });
  onTestFinished(() => http[Symbol.asyncDispose]());
  const log = new MemoryLog();
  const set = await openToolSet(config.tools, { http, clock, log, random: createSystemRandom() });
  const call = { ...sampleFacts, from: '+441234567890' };
  return set.forCall({ names: config.routes[0]?.tools ?? [], transferTargets: [], call, log });
}

const run = (runner: ToolRunner, name: string, args: unknown) =>
  runner.run({ id: 't1', name, arguments: args, responseId: undefined }, new FakePhone(), new AbortController().signal);

test('the salon takes bookings, and says what else is free', async () => {
  const directory = folder(tmpdir());
  writeFileSync(join(directory, 'salon.mjs'), block('js', 'salon.mjs'));
  const salon = spawn(process.execPath, [join(directory, 'salon.mjs')], {
    env: { PATH: process.env['PATH'], WEBHOOK_SECRET: env.WEBHOOK_SECRET, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    salon.kill();
  });
  const [line] = await once(salon.stdout, 'data');
  const port = /\d+/.exec(String(line))?.[0];
  const text = block('yaml', 'salon.yaml').replace('127.0.0.1:3000', `127.0.0.1:${port}`);
  const runner = await toolsOf(await load(text));
  const book = (args: unknown) => run(runner, 'book_haircut', args);
  expect(await book({ day: '2026-03-02', time: '14:00' })).toMatchObject({
    output: { booked: true, day: '2026-03-02', time: '14:00', phone: '+441234567890' },
  });
  expect(await book({ day: '2026-03-02', time: '14:00' })).toMatchObject({
    error: 'The service says: Free on that day: 9:30.',
  });
  expect(await book({ day: 'Monday', time: '14:00' })).toMatchObject({ error: expect.stringContaining('do not fit') });
  const forged = await toolsOf(await load(text.replace(/\$\{WEBHOOK_SECRET\}/, 'another secret')));
  expect(await run(forged, 'book_haircut', { day: '2026-03-02', time: '9:30' })).toMatchObject({
    error: 'The service answered 401.',
  });
});

test('the salon passes `check`', async () => {
  const directory = folder(tmpdir());
  writeFileSync(join(directory, 'salon.yaml'), block('yaml', 'salon.yaml'));
  const io = createFakeIo(directory, { env });
  expect(await runCli(['check', '--config', 'salon.yaml'], io), io.err()).toBe(0);
});

test('the module is a tool', async () => {
  // Within the package, whose own name its import then means.
  const directory = folder(join(repository, 'dist'));
  writeFileSync(join(directory, 'price.mjs'), block('js', 'price.mjs'));
  const routes = 'flavors: { a: { use: echo } }\nroutes: [{ match: { any: true }, flavor: a, tools: [price] }]\n';
  const runner = await toolsOf(await load(block('yaml', './price.mjs') + routes, directory));
  expect(await run(runner, 'price', { service: 'cut' })).toMatchObject({
    output: { service: 'cut', pounds: 30, shop: 'London' },
  });
});

test.each(['find_customer', 'calendar'])('the example with %s is a configuration', async (mark) => {
  const tools = block('yaml', `  ${mark}:`);
  const names = Object.keys(parse(tools).tools).join(', ');
  const routes = `flavors: { a: { use: echo } }\nroutes: [{ match: { any: true }, flavor: a, tools: [${names}] }]\n`;
  await expect(toolsOf(await load(tools + routes))).resolves.toBeDefined();
});

describe('what the page says of the code', () => {
  test('all built-in tools, and no other', () => {
    const section = page.split('\n## Built in\n')[1]?.split('\n## ')[0] ?? '';
    expect([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual([...builtInToolNames]);
    expect(builtInTools).toEqual(builtInToolNames);
    const tools = createBuiltIns(builtInToolNames, {
      clock: new FakeClock(),
      transferTargets: [{ name: 'a', uri: 'sip:a@b' }],
    });
    const argumentsOf = tools.map(({ definition }) => Object.keys(Object(Object(definition.parameters).properties)));
    expect(argumentsOf).toEqual([[], ['target'], ['digits'], ['seconds'], [], [], []]);
  });

  test('the size of a result', () => {
    expect(page).toContain(`at most ${MAX_OUTPUT_CHARS.toLocaleString('en')} characters`);
  });
});

import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { contractChecks } from '../../src/flavor-testkit/index.js';
import { filesOf, installedBeside, run, sameInstallation } from './page.js';

const PAGE = 'docs/5-write-a-flavor.md';

let folder: string;
let files: ReadonlyMap<string, string>;

beforeAll(async () => {
  files = await filesOf(PAGE);
  folder = await installedBeside(files);
}, 120_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the page holds a whole package', () => {
  expect([...files.keys()]).toEqual(['package.json', 'index.js', 'session.js', 'contract.test.js']);
  expect(JSON.parse(files.get('package.json') ?? '')).toMatchObject({
    type: 'module',
    keywords: ['voice-connector-flavor'],
    scripts: { test: 'node --test' },
  });
});

test('a stranger who follows the page has a flavor that keeps the contract', { timeout: 400_000 }, async () => {
  const { status, output } = await run(process.execPath, ['--test', '--test-reporter=tap'], folder);
  expect(status, output).toBe(0);
  expect(output).toContain('speaking-clock conforms:');
  expect(output).toMatch(/^# pass 1$/m);
});

test('the same flavor, made to speak before the call is answered, is found out', { timeout: 400_000 }, async () => {
  const session = files.get('session.js') ?? '';
  const broken = session.replace('this.#tellTime = tellTime;\n', "$&    this.#say('Too early.');\n");
  expect(broken).not.toBe(session);
  const contract = files.get('contract.test.js') ?? '';
  const selected = contract.replace('  });\n  console', '  }, { only: [25] });\n  console');
  expect(selected).not.toBe(contract);
  const changed = new Map([...files, ['session.js', broken] as const, ['contract.test.js', selected] as const]);
  const other = await sameInstallation(folder, changed);
  const { status, output } = await run(process.execPath, ['--test', '--test-reporter=tap'], other);
  await rm(other, { recursive: true, force: true });
  expect(status).toBe(1);
  expect(output).toContain('FAIL [25]');
});

test('the table of checks is the one in the kit', async () => {
  const text = await readFile(PAGE, 'utf8');
  const rows = [...text.matchAll(/^\| (\d+) \| (.*) \| (.*) \|$/gm)].map(([, id, title, needs]) => ({
    id,
    title,
    needs,
  }));
  expect(rows).toEqual(
    contractChecks.map(({ id, title, needs }) => ({
      id: String(id),
      title,
      needs: needs.length === 0 ? 'all' : needs.map((need) => `\`${need}\``).join(', '),
    })),
  );
});

test('the types that a flavor in TypeScript is told to name are there', async () => {
  const text = await readFile(PAGE, 'utf8');
  const [, section = ''] = /^## In TypeScript[^\n]*\n([\s\S]*?)^## /m.exec(text) ?? [];
  const names = [...section.matchAll(/\b(?:[A-Z][a-z]+){2,}\b(?=`)/g)].map(([name]) => name);
  expect(names).toContain('FlavorSession');
  const api = await readFile('src/flavor-api/index.ts', 'utf8');
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(api))).toEqual([]);
});

test('the piece of a config file names the flavor that the page builds', async () => {
  const text = await readFile(PAGE, 'utf8');
  const [, yaml] = /^```yaml\n([\s\S]*?)^```$/m.exec(text) ?? [];
  expect(parse(yaml ?? '')).toEqual({
    flavors: { clock: { use: './speaking-clock/index.js', timeZone: 'Europe/London' } },
    routes: [{ match: { to: '2100' }, flavor: 'clock' }],
  });
});

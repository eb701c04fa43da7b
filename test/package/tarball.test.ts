import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf } from '../docs/markdown.js';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';
/** The package as it would be published. */
let tarball = '';
/** What npm had to say against it. */
let installing = '';

/** All that an installed package may hold: what is built, what an operator reads, and the source of the media add-on. */
const PUBLISHED =
  /^(dist\/(src|flavors)\/.+\.(js|mjs|d\.ts|d\.mts)|src\/media\/native\/[a-z-]+\.(cc|h)|sip-config\/.+|flavors\/[a-z-]+\/README\.md|flavors\/chatterbox-custom\/deploy\/.+|opensips\/.+|docs\/.+|[A-Z]+(\.md)?|package\.json)$/;
const TESTING = /(^|\/)(tests?|benches|bench|soak|fakes|sipp|e2e)\/|\.test\./;

/** Every file that `exports` and `bin` promise. */
async function promisedFiles(): Promise<readonly string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
  const paths: string[] = [];
  JSON.stringify(manifest, (key, value: unknown) => {
    if (typeof value === 'string' && /^(\.\/)?dist\//.test(value) && key !== 'files')
      paths.push(value.replace('./', ''));
    return value;
  });
  return paths.filter((path) => /\.[a-z]+$/.test(path));
}

/** Runs a program in the empty folder of a new user. */
async function inFolder(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(command, args, { cwd: folder, timeout: 120_000 });
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarball-test-'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: repository });
  const [packed = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  tarball = join(folder, packed);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${packed}`];
  installing = (await run('npm', install, { cwd: folder, timeout: 120_000 })).stderr;
}, 180_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const shipped = 'node_modules/sip-voice-connector/sip-config/connector.yaml';

test('the installed package holds what it promises, and no tests', async () => {
  const root = join(folder, 'node_modules/sip-voice-connector');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    // Not ours: npm installs there what the top folder has in another version.
    .filter((path) => !path.startsWith('node_modules/'));
  expect(files).toEqual(expect.arrayContaining([...(await promisedFiles())]));
  expect(files.filter((path) => !PUBLISHED.test(path) || TESTING.test(path))).toEqual([]);
  // Stack traces name lines of what is there, as tsc writes it: maps would name those of sources that are not.
  const script = await readFile(join(root, 'dist/src/cli.js'), 'utf8');
  expect(script).not.toContain('sourceMappingURL');
});

test('nothing that it brings along wants another Node.js', () => {
  expect(installing).not.toContain('EBADENGINE');
});

test.each([
  'test/run.mjs',
  'dist/test/x.js',
  'dist/src/cli.js.map',
  'dist/src/media/vad.test.js',
  'src/media/voice/vad.ts',
  '.tools/root/x',
])('%s would be noticed', (path) => {
  expect(PUBLISHED.test(path) && !TESTING.test(path)).toBe(false);
});

test('the installed command checks the configuration it ships with', async () => {
  const report = JSON.parse(await inFolder('npx', 'voice-connector', 'check', '--config', shipped, '--json'));
  expect(report).toMatchObject({ ok: true });
});

test('the installed command says which route answers a number', async () => {
  const report = await inFolder('npx', 'voice-connector', 'route-test', '2001', '--config', shipped, '--json');
  expect(JSON.parse(report)).toMatchObject({ number: '2001', flavor: 'bare-echo' });
});

test('the installed package can make its media add-on', async () => {
  const headers = 'node_modules/node-api-headers';
  await symlink(join(repository, headers), join(folder, headers));
  const report = await inFolder('node', 'node_modules/sip-voice-connector/dist/src/media/native/build.js');
  expect(report).toContain('sip-voice-connector/dist/native/media-datagrams.node');
});

test("a third party's flavor, installed beside the configuration, is found by its npm name", async () => {
  const flavor = join(folder, 'node_modules/@acme/voice-flavor');
  await mkdir(flavor, { recursive: true });
  await writeFile(
    join(flavor, 'package.json'),
    JSON.stringify({
      name: '@acme/voice-flavor',
      type: 'module',
      exports: { '.': './index.js', './package.json': './package.json' },
    }),
  );
  await writeFile(
    join(flavor, 'index.js'),
    `import { defineFlavor, FlavorEventQueue } from 'sip-voice-connector/flavor';
import * as z from 'zod';
const mulaw = { encoding: 'mulaw', sampleRate: 8000 };
export default defineFlavor({
  manifest: { id: 'acme', displayName: 'Acme', apiVersion: 1, configSchema: z.object({ shop: z.string() }) },
  create: () => ({
    capabilities: { kind: 'cascade', input: [mulaw], output: [mulaw], turnTaking: 'flavor', truncation: false,
      tools: false, verbatimSpeech: false, needsVad: false, interruptible: false },
    check: async () => {},
    open: async () => ({ events: new FlavorEventQueue() }),
    [Symbol.asyncDispose]: async () => {},
  }),
});
`,
  );
  const config = `
flavors: { shop: { use: "@acme/voice-flavor", shop: London } }
routes: [{ match: { to: "1" }, flavor: shop }]
`;
  await writeFile(join(folder, 'good.yaml'), config);
  await writeFile(join(folder, 'bad.yaml'), config.replace('shop: London', 'shop: 7'));
  expect(
    JSON.parse(await inFolder('npx', 'voice-connector', 'check', '--config', 'good.yaml', '--json')),
  ).toMatchObject({
    ok: true,
  });
  await expect(inFolder('npx', 'voice-connector', 'check', '--config', 'bad.yaml', '--json')).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('flavors.shop.shop'),
  });
});

test('the program in the operations page takes calls until it is told to end', async () => {
  const page = await readFile(join(repository, 'docs/6-operations.md'), 'utf8');
  const [program] = codeOf(page).filter(({ kind, language }) => kind === 'block' && language === 'js');
  await writeFile(join(folder, 'program.mjs'), program?.text ?? '');
  await writeFile(
    join(folder, 'connector.yaml'),
    `
signaling: { embedded: { listen: ["udp:127.0.0.1:0"] } }
media: { bind: 127.0.0.1 }
admin: { listen: "127.0.0.1:0" }
flavors: { echo: { use: echo } }
routes: [{ match: { any: true }, flavor: echo }]
`,
  );
  const child = spawn('node', ['program.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let said = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    // Once: a second signal would end it at once.
    if (!said.includes('"ready"') && `${said}${chunk}`.includes('"ready"')) child.kill('SIGTERM');
    said += chunk;
  }
  expect(await ended).toEqual([0, null]);
  expect(said).toContain('draining');
});

test('a tool in a module beside the configuration imports the published subpath', async () => {
  await writeFile(
    join(folder, 'price.mjs'),
    `import { defineTool } from 'sip-voice-connector/tools';
import * as z from 'zod';
export default defineTool({ description: 'Prices.', parameters: z.object({}), run: () => 30 });
`,
  );
  await writeFile(
    join(folder, 'tools.yaml'),
    `
tools: { price: { type: module, path: ./price.mjs } }
flavors: { echo: { use: echo } }
routes: [{ match: { any: true }, flavor: echo, tools: [price] }]
`,
  );
  const report = JSON.parse(await inFolder('npx', 'voice-connector', 'check', '--config', 'tools.yaml', '--json'));
  expect(report).toMatchObject({ ok: true, errors: [] });
});

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])("a stranger's strictest compiler has nothing against its types, module %s", async (module, moduleResolution) => {
  const subpaths = ['', '/flavor', '/flavor-testkit', '/cascade', '/tools'];
  const names = subpaths.map((path, at) => `export * as part${at} from 'sip-voice-connector${path}';`);
  await writeFile(join(folder, 'every.ts'), names.join('\n'));
  const project = {
    compilerOptions: {
      ...{ module, moduleResolution, target: 'es2022', noEmit: true, strict: true, skipLibCheck: false },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
      ...{ types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] },
    },
    files: ['every.ts'],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const said = inFolder(join(repository, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json').catch(({ stdout }) => stdout);
  expect(await said).toBe('');
});

test('the package is well formed: publint and are-the-types-wrong find nothing', async () => {
  // The tarball that is there: each would pack one more.
  await run('npx', ['publint', 'run', tarball, '--strict'], { cwd: repository });
  await run('npx', ['attw', tarball, '--profile', 'esm-only', '--quiet'], { cwd: repository });
}, 120_000);

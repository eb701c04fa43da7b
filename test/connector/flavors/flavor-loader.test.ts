import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { builtInFlavors, loadFlavorModule } from '../../../src/connector/flavors/flavor-loader.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Source of a flavor module; `exported` is what stands before its object. */
function source(id: string, exported = 'export default', changes = ''): string {
  return `${exported} {
    manifest: { id: '${id}', displayName: '${id}', apiVersion: 1, configSchema: { '~standard': {} } },
    create: () => ({}), ${changes}
  };\n`;
}

function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

const idOf = async (use: string, directory: string): Promise<string> =>
  (await loadFlavorModule(use, directory)).manifest.id;

test('every built-in flavor loads, wherever the configuration lies', async () => {
  for (const name of builtInFlavors) expect(await idOf(name, '/nowhere')).toBe(name);
});

test('a path counts from the directory of the configuration', async () => {
  const directory = directoryWith({ 'mine/flavor.mjs': source('mine') });
  expect(await idOf('./mine/flavor.mjs', directory)).toBe('mine');
  expect(await idOf('../flavor.mjs', join(directory, 'mine', 'deeper'))).toBe('mine');
  expect(await idOf(join(directory, 'mine/flavor.mjs'), '/nowhere')).toBe('mine');
});

test('TypeScript is refused by a Node.js that does not strip types, in so many words', async () => {
  const directory = directoryWith({ 'flavor.ts': source('typed') });
  await expect(loadFlavorModule('./flavor.ts', directory, false)).rejects.toMatchObject({
    code: 'ERR_FLAVOR_NOT_FOUND',
    message: expect.stringMatching(/is TypeScript, which Node\.js runs from 22\.18 on; this is v/),
  });
  expect((await loadFlavorModule('./flavor.ts', directory, true)).manifest.id).toBe('typed');
});

describe('an npm package, from the directory of the configuration', () => {
  const packageJson = (fields: object): string => JSON.stringify({ name: 'x', type: 'module', ...fields });

  test.each<[string, object, string]>([
    ['with `main`', { main: 'lib/index.js' }, 'lib/index.js'],
    ['with one export', { exports: './lib/index.js' }, 'lib/index.js'],
    ['that exports to import alone', { exports: { '.': { import: './lib/index.js' } } }, 'lib/index.js'],
    ['with types first', { exports: { '.': { types: './t.d.ts', default: './lib/index.js' } } }, 'lib/index.js'],
    ['with conditions at the top', { exports: { types: './t.d.ts', import: './lib/index.js' } }, 'lib/index.js'],
    ['with nested conditions', { exports: { node: { import: { default: './lib/index.js' } } } }, 'lib/index.js'],
    ['with a list', { exports: { '.': [{ browser: './no.js' }, './lib/index.js'] } }, 'lib/index.js'],
    [
      'of two kinds: the ESM one',
      { exports: { '.': { require: './lib/index.cjs', import: './lib/index.js' } } },
      'lib/index.js',
    ],
  ])('%s', async (_name, fields, file) => {
    const directory = directoryWith({
      'node_modules/@acme/voice/package.json': packageJson(fields),
      [`node_modules/@acme/voice/${file}`]: source('acme'),
      'node_modules/@acme/voice/lib/index.cjs': source('wrong', 'module.exports ='),
    });
    expect(await idOf('@acme/voice', directory)).toBe('acme');
  });

  test('by a subpath, and by a pattern', async () => {
    const directory = directoryWith({
      'node_modules/voices/package.json': packageJson({
        exports: { './one': { import: './1.js' }, './x/*': './x-*.js' },
      }),
      'node_modules/voices/1.js': source('one'),
      'node_modules/voices/x-2.js': source('two'),
    });
    expect(await idOf('voices/one', directory)).toBe('one');
    expect(await idOf('voices/x/2', directory)).toBe('two');
    await expect(idOf('voices', directory)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NOT_FOUND' });
  });

  test('from a directory further up', async () => {
    const directory = directoryWith({
      'node_modules/up/package.json': packageJson({ exports: './index.js' }),
      'node_modules/up/index.js': source('up'),
    });
    expect(await idOf('up', join(directory, 'etc', 'connector'))).toBe('up');
  });

  test('in CommonJS, compiled from ESM or not', async () => {
    const directory = directoryWith({
      'node_modules/plain/package.json': JSON.stringify({ main: 'index.js' }),
      'node_modules/plain/index.js': source('plain', 'module.exports ='),
      'node_modules/compiled/package.json': JSON.stringify({ main: 'index.js' }),
      'node_modules/compiled/index.js': `exports.__esModule = true;\n${source('compiled', 'exports.default =')}`,
    });
    expect(await idOf('plain', directory)).toBe('plain');
    expect(await idOf('compiled', directory)).toBe('compiled');
  });
});

describe('what is no flavor is refused by name', () => {
  test.each([
    ['nothing', 'nosuch', 'ERR_FLAVOR_NOT_FOUND', /"nosuch" does not load.*built in: echo, openai-realtime/],
    ['no file', './nosuch.mjs', 'ERR_FLAVOR_NOT_FOUND', /there is no file .*nosuch\.mjs/],
    ['a directory', './folder', 'ERR_FLAVOR_NOT_FOUND', /is a directory: name the file/],
    [
      'a module that throws',
      './throws.mjs',
      'ERR_FLAVOR_NOT_FOUND',
      /vendor SDK is missing \(at \/.*\/throws\.mjs:1:7\) \(built in/,
    ],
    ['no default export', './named.mjs', 'ERR_FLAVOR_INVALID', /no default export/],
    ['no create', './text.mjs', 'ERR_FLAVOR_INVALID', /no create\(\)/],
    ['create that is none', './number.mjs', 'ERR_FLAVOR_INVALID', /no create\(\)/],
    ['no manifest', './bare.mjs', 'ERR_FLAVOR_INVALID', /no manifest/],
    ['another version', './future.mjs', 'ERR_FLAVOR_INVALID', /apiVersion is 2, and this connector speaks version 1/],
    ['no schema', './schemaless.mjs', 'ERR_FLAVOR_INVALID', /no Standard Schema/],
  ])('%s', async (_name, use, code, message) => {
    const directory = directoryWith({
      'folder/index.mjs': source('folder'),
      'throws.mjs': "throw new Error('the vendor SDK is missing');\n",
      'named.mjs': 'export const flavor = 1;\n',
      'text.mjs': 'export default { manifest: {} };\n',
      'number.mjs': 'export default { create: 1, manifest: {} };\n',
      'bare.mjs': 'export default { create() {} };\n',
      'future.mjs': source('future').replace('apiVersion: 1', 'apiVersion: 2'),
      'schemaless.mjs': source('schemaless').replace("{ '~standard': {} }", '{}'),
    });
    await expect(loadFlavorModule(use, directory)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

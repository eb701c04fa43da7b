import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type SourceFile, violations } from './arrows.js';
import { circles, folderCircles } from './circles.js';
import { importsOf } from './source-imports.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A file that grows past this is two nouns. */
const MAX_LINES = 400;

function sources(directory: string): readonly SourceFile[] {
  return readdirSync(join(repository, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: path.slice(repository.length).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }));
}

const files = [...sources('src'), ...sources('flavors')];

test('imports of src and flavors follow the arrows of the house', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(violations(files)).toEqual([]);
});

test('no files import each other in a circle', () => {
  expect(circles(files)).toEqual([]);
});

test('the rooms of the media plane import each other in no circle', () => {
  expect(folderCircles(files, 'src/media/')).toEqual([]);
});

test('finds a circle of folders where no files make one', () => {
  const of = (path: string, name: string): SourceFile => ({
    path: `src/a/${path}.ts`,
    text: `import type { X } from '${name}.js';`,
  });
  const graph = [of('b/one', '../c/two'), of('b/three', './one'), of('c/four', '../b/one'), of('five', './c/two')];
  expect(folderCircles([...graph, of('c/two', './six')], 'src/a/')).toEqual([['src/a/b', 'src/a/c']]);
});

test('finds a circle of imports, of types too', () => {
  const of = (path: string, ...names: readonly string[]): SourceFile => ({
    path: `src/a/${path}.ts`,
    text: names.map((name) => `import type { X } from './${name}.js';`).join('\n'),
  });
  const graph = [of('one', 'two', 'four'), of('two', 'three'), of('three', 'one'), of('four'), of('five', 'five')];
  expect(circles(graph)).toEqual([['src/a/one.ts', 'src/a/three.ts', 'src/a/two.ts'], ['src/a/five.ts']]);
});

test('what is optional is marked so where it is locked, and no source needs it', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'));
  for (const [name, version] of Object.entries(optionalDependencies)) {
    expect(lock.packages[`node_modules/${name}`]).toMatchObject({ version, optional: true });
    const users = files.filter(({ text }) => importsOf(text).some(({ specifier }) => specifier === name));
    expect(users).toEqual([]);
  }
});

test('no source file is longer than two nouns', () => {
  const long = files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES);
  expect(long).toEqual([]);
});

test.each([
  ["import { a } from './a.js';", './a.js'],
  ["import type { A } from './a.js';", './a.js'],
  ["import {\n  type A,\n  b,\n} from './a.js';", './a.js'],
  ["import './a.js';", './a.js'],
  ["import a, * as b from './a.js';", './a.js'],
  ["export * from './a.js';", './a.js'],
  ["export type { A } from './a.js';", './a.js'],
  ["const a = await import('./a.js');", './a.js'],
  ["const a = import(\n  './a.js',\n);", './a.js'],
  ["type A = import('./a.js').A;", './a.js'],
  ["const a = require('./a.js');", './a.js'],
  ['let a = 1; import(name);', undefined],
])('finds the import in %j', (text, specifier) => {
  expect(importsOf(text).map((found) => found.specifier)).toEqual([specifier]);
});

test.each([
  " * import { defineFlavor } from 'sip-voice-connector/flavor';",
  "// import('./a.js')",
  "export const from = 'here';",
  'const text = "to import from \'./a.js\'";',
])('finds no import in %j', (text) => {
  expect(importsOf(text)).toEqual([]);
});

/** One violation each: the file it would stand in, its text, and what the complaint names. */
const wrong: readonly (readonly [path: string, text: string, complaint: RegExp])[] = [
  ['src/media/x.ts', "import { y } from '../signaling/port.js';", /media must not import signaling/],
  ['src/signaling/x.ts', "import type { Y } from '../media/engine.js';", /signaling must not import media/],
  ['src/media/x.ts', "import { y } from '../call/call.js';", /media must not import call/],
  ['src/ops/x.ts', "import { y } from '../call/call.js';", /ops must not import call/],
  ['src/tools/x.ts', "import { y } from '../ops/cdr.js';", /tools must not import ops/],
  ['src/call/x.ts', "import type { Config } from '../config/config.js';", /call must not import config/],
  ['src/media/deep/x.ts', "import { y } from '../../config/config.js';", /media must not import config/],
  ['src/call/x.ts', "const y = await import('../connector.js');", /call must not import connector/],
  ['src/call/x.ts', "import { y } from '../signaling/embedded/driver.js';", /must not know the embedded driver/],
  ['src/signaling/embedded/x.ts', "import { y } from '../drachtio/driver.js';", /must not import the drachtio driver/],
  ['src/connector.ts', "import { y } from './cli/run.js';", /connector must not import cli/],
  ['src/connector/x.ts', "import { y } from '../phone/phone.js';", /connector must not import phone/],
  ['src/phone/x.ts', "import { y } from '../call/call.js';", /phone must not import call/],
  ['src/config/x.ts', "import { y } from '../flavor-api/index.js';", /config must not import flavor-api/],
  ['src/cascade/x.ts', "import { y } from '../media/voice/vad.js';", /cascade must not import media/],
  ['src/flavor-testkit/x.ts', "import { y } from '../call/call.js';", /flavor-testkit must not import call/],
  ['src/flavor-api/x.ts', "import { y } from '../base/clock.js';", /flavor-api must not import base/],
  ['src/flavor-api/x.ts', "import { y } from 'node:events';", /flavor-api must import nothing outside itself/],
  ['src/flavor-api/x.ts', "import type { Logger } from 'pino';", /flavor-api must import nothing outside itself/],
  ['src/base/x.ts', "import type { A } from '../flavor-api/index.js';", /base must not import flavor-api/],
  ['src/base/x.ts', "import { z } from 'zod';", /base must import no package/],
  [
    'src/signaling/embedded/x.ts',
    "import Srf from 'drachtio-srf';",
    /only signaling\/drachtio may import drachtio-srf/,
  ],
  ['src/media/x.ts', "import y from '../../flavors/echo/index.js';", /stands in no room/],
  ['src/media/x.ts', "import y from 'sip-voice-connector/flavor';", /must not import this package by name/],
  ['src/media/x.ts', 'const y = await import(name);', /computed/],
  ['src/connector/flavors/flavor-loader.ts', "import y from '../../../flavors/echo/manifest.js';", /stands in no room/],
  ['src/unknown/x.ts', '', /stands in no room/],
  ['src/stray.ts', '', /stands in no room/],
  [
    'flavors/echo/x.ts',
    "import { y } from '../../src/media/voice/vad.js';",
    /flavor echo must not import src\/media\/voice\/vad/,
  ],
  ['flavors/echo/x.ts', "export * from '../deepgram/index.js';", /flavor echo must not import flavors\/deepgram/],
  ['flavors/echo/x.ts', "import { y } from 'sip-voice-connector';", /may use only/],
  ['flavors/echo/x.ts', "import { y } from 'sip-voice-connector/flavor-testkit';", /may use only/],
];

test.each(wrong)('%s may not contain %j', (path, text, complaint) => {
  expect(violations([{ path, text }])).toEqual([expect.stringMatching(complaint)]);
});

test.each([
  ['src/signaling/drachtio/x.ts', "import Srf from 'drachtio-srf';"],
  ['src/cli/x.ts', "import { createConnector } from '../connector.js';"],
  ['src/call/x.ts', "import type { SipLeg } from '../signaling/port.js';"],
  ['src/connector/flavors/flavor-loader.ts', 'const module = await import(name);'],
  ['src/connector/flavors/flavor-loader.ts', "const module = await import('../../../flavors/echo/index.js');"],
  ['flavors/echo/x.ts', "import { defineFlavor } from 'sip-voice-connector/flavor';\nimport { z } from 'zod';"],
])('%s may contain %j', (path, text) => {
  expect(violations([{ path, text }])).toEqual([]);
});

test("a vendor's SDK used by two flavors, or by the host too, is a violation", () => {
  const text = "const sdk = await import('@vendor/sdk/realtime');";
  const alone = [
    { path: 'flavors/one/x.ts', text },
    { path: 'flavors/one/y.ts', text },
  ];
  expect(violations(alone)).toEqual([]);
  const shared = expect.stringContaining('@vendor/sdk is imported by flavors/one and');
  expect(violations([...alone, { path: 'flavors/two/x.ts', text }])).toEqual([shared]);
  expect(violations([...alone, { path: 'src/media/x.ts', text }])).toEqual([shared]);
});

test("a vendor's SDK belongs to one engine of the cascade, its types to everybody", () => {
  const text = "const sdk = await import('@vendor/sdk');";
  const engine = { path: 'src/cascade/engines/vendor/x.ts', text };
  const types = { path: 'flavors/one/x.ts', text: "import type { Event } from '@vendor/sdk/events';" };
  expect(violations([engine, types])).toEqual([]);
  for (const path of ['src/cascade/engines/other/x.ts', 'src/cascade/turns/x.ts', 'flavors/one/x.ts']) {
    expect(violations([engine, { path, text }])).toEqual([expect.stringContaining('one flavor or engine alone')]);
  }
});

test('an engine loads its SDK only when it is asked for', () => {
  const path = 'src/cascade/engines/vendor/x.ts';
  expect(violations([{ path, text: "import Sdk from '@vendor/sdk';" }])).toEqual([
    expect.stringContaining('before anybody needs it'),
  ]);
  expect(violations([{ path, text: "import { z } from 'zod';\nimport type { T } from '@vendor/sdk';" }])).toEqual([]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type ErrorCode, errorCodes } from '../../src/base/error-codes.js';
import { type FlavorErrorCode, flavorErrorCodes } from '../../src/flavor-api/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** Codes of Node.js that the sources name. */
const foreignCodes = ['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_WORKER_INIT_FAILED'];

/** The tables and types themselves: a code that only they know is a ghost. */
const declaringFiles = ['src/base/error-codes.ts', 'src/flavor-api/errors.ts'];

function sourceFiles(): string[] {
  return ['src', 'flavors'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
}

/** Codes written out in `files`, by the files that have them. */
function codesIn(files: readonly string[]): Set<string> {
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/'(ERR_[A-Z_]*[A-Z])'|`(ERR_[A-Z_]*[A-Z])`/g)].map(
        ([, quoted, ticked]) => quoted ?? ticked ?? '',
      ),
    ),
  );
}

/** Rows of the page's tables under the heading. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `(ERR_[A-Z_]+)` \| (.*?) \| (.*?) \|$/gm)].map(([, ...cells]) => cells);
}

test('the errors page says of each connector code what the table says, in its order, and of no other', () => {
  const table = Object.entries(errorCodes).map(([code, { meaning, remedy }]) => [code, meaning, remedy]);
  expect(rowsUnder('Codes of the connector')).toEqual(table);
});

test('the errors page lists each flavor code, and no other', () => {
  expect(rowsUnder('Codes of flavors').map(([code]) => code)).toEqual([...flavorErrorCodes]);
});

test('the list of flavor codes and their type agree', () => {
  // Compiles only while neither side has a code that the other lacks.
  const missing: Exclude<FlavorErrorCode, (typeof flavorErrorCodes)[number]>[] = [];
  const shared: Extract<ErrorCode, FlavorErrorCode>[] = [];
  expect([...missing, ...shared]).toEqual([]);
});

test('every code that the sources use is in a table', () => {
  const known = new Set([...Object.keys(errorCodes), ...flavorErrorCodes, ...foreignCodes]);
  expect([...codesIn(sourceFiles())].filter((code) => !known.has(code))).toEqual([]);
});

test('every code of the table is used somewhere', () => {
  const used = codesIn(sourceFiles().filter((file) => !declaringFiles.includes(file)));
  expect(Object.keys(errorCodes).filter((code) => !used.has(code))).toEqual([]);
});

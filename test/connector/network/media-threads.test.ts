import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mediaThreads } from '../../../src/connector/network/media-threads.js';
import { MemoryLog } from '../../support/memory-log.js';
import { nativeAddon } from '../../support/native-addon.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** A file of that name that is no add-on. */
function brokenAddon(): string {
  const path = join(temporaryDirectory(), 'media-datagrams.node');
  writeFileSync(path, 'no add-on');
  return path;
}

test.each([
  ['worker', true, undefined],
  ['worker', false, undefined],
  ['auto', false, undefined],
  ['auto', true, expect.stringMatching(/native-thread-entry\.js$/)],
  ['native', true, expect.stringMatching(/native-thread-entry\.js$/)],
] as const)('%s, add-on built: %s', (engine, built, entry) => {
  const log = new MemoryLog();
  const threads = mediaThreads({ engine }, { log, findAddon: () => (built ? nativeAddon() : undefined) });
  expect(threads.entry?.href).toEqual(entry);
  expect(log.lines).toEqual([]);
});

test('native without the add-on is no start', () => {
  const deps = { log: new MemoryLog(), findAddon: () => undefined };
  expect(() => mediaThreads({ engine: 'native' }, deps)).toThrow(
    expect.objectContaining({
      code: 'ERR_MEDIA_ENGINE',
      message: 'media.engine is native, but the add-on has not been built',
    }),
  );
});

test('an add-on that cannot be loaded is no start where it was asked for', () => {
  const deps = { log: new MemoryLog(), findAddon: brokenAddon };
  expect(() => mediaThreads({ engine: 'native' }, deps)).toThrow(expect.objectContaining({ code: 'ERR_MEDIA_ENGINE' }));
});

test('an add-on that cannot be loaded is told, and done without, where anything will do', () => {
  const log = new MemoryLog();
  expect(mediaThreads({ engine: 'auto' }, { log, findAddon: brokenAddon })).toEqual({});
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { code: 'ERR_MEDIA_ENGINE' } }]);
});

test.each([
  [true, []],
  [false, [{ level: 'warn', fields: { code: 'ERR_MEDIA_ENGINE', dscp: 46 } }]],
] as const)('packets that are to be marked, add-on built: %s', (built, lines) => {
  const log = new MemoryLog();
  mediaThreads({ engine: 'auto', dscp: 46 }, { log, findAddon: () => (built ? nativeAddon() : undefined) });
  expect(log.lines).toMatchObject(lines);
});

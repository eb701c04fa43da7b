import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

test('every thread of ours is started with limits to its heap', () => {
  const started = ['src', 'flavors'].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => join(folder, path))
      .flatMap((path) =>
        [...readFileSync(join(repository, path), 'utf8').matchAll(/new Worker\([\s\S]*?\);/g)].map(
          ([call]) => `${path}: ${call.replace(/\s+/g, ' ')}`,
        ),
      ),
  );
  expect(started.length).toBeGreaterThan(2);
  expect(started.filter((call) => !/resourceLimits: threadLimits\b/.test(call))).toEqual([]);
});

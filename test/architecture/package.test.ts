import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** All that an installed package may hold: what is built, what an operator reads, and the source of the media add-on. */
const PUBLISHED =
  /^(dist\/(src|flavors)\/.+\.(js|mjs|d\.ts|d\.mts|map)|src\/media\/native\/[a-z-]+\.(cc|h)|sip-config\/.+|flavors\/[a-z-]+\/README\.md|flavors\/chatterbox-custom\/deploy\/.+|opensips\/.+|docs\/.+|[A-Z]+(\.md)?|package\.json)$/;
const TESTING = /(^|\/)(tests?|benches|bench|soak|fakes|sipp|e2e)\/|\.test\./;

function publishedFiles(): readonly string[] {
  if (!existsSync(join(repository, 'dist/src'))) throw new Error('dist/ is missing: run `npm run build` first');
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const output = execFileSync('npm', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [packed]: { files: { path: string }[] }[] = JSON.parse(output);
  return packed?.files.map(({ path }) => path) ?? [];
}

/** Every file that `exports` and `bin` promise. */
function promisedFiles(): readonly string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const paths: string[] = [];
  JSON.stringify(manifest, (key, value: unknown) => {
    if (typeof value === 'string' && /^(\.\/)?dist\//.test(value) && key !== 'files')
      paths.push(value.replace('./', ''));
    return value;
  });
  return paths.filter((path) => /\.[a-z]+$/.test(path));
}

test('the published package holds what it promises, and no tests', () => {
  const files = publishedFiles();
  expect(files).toEqual(expect.arrayContaining([...promisedFiles()]));
  expect(files.filter((path) => !PUBLISHED.test(path) || TESTING.test(path))).toEqual([]);
});

test.each(['test/run.mjs', 'dist/test/x.js', 'dist/src/media/vad.test.js', 'src/media/vad.ts', '.tools/root/x'])(
  '%s would be noticed',
  (path) => {
    expect(PUBLISHED.test(path) && !TESTING.test(path)).toBe(false);
  },
);

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

const section = read('docs/5-write-a-flavor.md').split('## Capabilities and events')[1]?.split('\n## ')[0] ?? '';
/** What stands in code in the first column of the section's tables. */
const told = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name),
);

test('docs/5-write-a-flavor.md tells every capability and every event of the contract, and no other', () => {
  const [, body = ''] = /interface FlavorCapabilities \{(.*?)^\}/ms.exec(read('src/flavor-api/manifest.ts')) ?? [];
  const capabilities = [...body.matchAll(/readonly (\w+)\??:/g)].map(([, name = '']) => name);
  const events = [...read('src/flavor-api/events.ts').matchAll(/readonly type: '([\w-]+)'/g)].map(
    ([, name = '']) => name,
  );
  expect(capabilities.length).toBeGreaterThan(10);
  expect([...new Set(told)].sort()).toEqual([...new Set([...capabilities, ...events])].sort());
});

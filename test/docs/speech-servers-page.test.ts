import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { devnenSchema } from '../../src/cascade/engines/chatterbox/devnen-config.js';
import { modalSchema } from '../../src/cascade/engines/chatterbox/modal-config.js';
import { travisvnSchema } from '../../src/cascade/engines/chatterbox/travisvn-config.js';
import { openAiSpeechSchema } from '../../src/cascade/engines/openai-speech/index.js';

const page = readFileSync(new URL('../../docs/16-speech-servers.md', import.meta.url), 'utf8');
const [, common = ''] = page.split('## What all of them do');

/** The keys that a section's table has, and those of the table for all. */
function keysOf(section: string): ReadonlySet<string> {
  const own = page.split(`\n## \`${section}\`\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = `${own}\n${common.split('\n## ')[0]}`.split('\n').filter((line) => line.startsWith('| `'));
  return new Set(
    rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, key = '']) => key)),
  );
}

test.each([
  ['devnen', devnenSchema],
  ['travisvn', travisvnSchema],
  ['modal', modalSchema],
  ['openai-speech', openAiSpeechSchema],
])('the page has every key of %s', (section, schema) => {
  const described = keysOf(section);
  expect(Object.keys(schema.shape).filter((key) => !described.has(key))).toEqual([]);
});

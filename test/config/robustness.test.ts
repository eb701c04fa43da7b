// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are what is tested here.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatConfigIssues } from '../../src/config/reading/config-issue.js';
import { loadText } from './load-text.js';

const shipped = readFileSync(new URL('../../sip-config/connector.yaml', import.meta.url), 'utf8');

/** A piece of YAML that means something, or almost. */
const piece = fc.oneof(
  fc.constantFrom(
    ': ',
    '- ',
    '\n  ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '&a ',
    '*a',
    '!x ',
    '|\n',
    '# ',
    '\t',
    '---\n',
    '<<: ',
    '? ',
  ),
  fc.constantFrom(
    '${A}',
    '${A:-1}',
    '${file:/etc/hostname}',
    '${',
    '$${',
    'null',
    '~',
    '1e9',
    '-1',
    '.inf',
    'true',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

test('no edit of a good file makes loading throw, hang, or point outside the file', async () => {
  const edit = fc.record({ at: fc.nat(shipped.length), remove: fc.nat(40), insert: piece });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      let text = shipped;
      for (const { at, insert, remove } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      const result = await loadText(text, { env: { A: 'value' } });
      const issues = result.ok ? result.warnings : [...result.errors, ...result.warnings];
      if (!result.ok) expect(result.errors.length).toBeGreaterThan(0);
      const lines = text.split('\n').length;
      for (const { line } of issues) expect(line).toBeLessThanOrEqual(lines);
      expect(formatConfigIssues(issues, { color: false })).not.toContain('undefined');
    }),
    { numRuns: 300 },
  );
});

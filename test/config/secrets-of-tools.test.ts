import { expect, test } from 'vitest';
import { formatConfigIssues } from '../../src/config/reading/config-issue.js';
import { loadText } from './load-text.js';

const webhook = (more: string): string => `type: webhook, description: Books., ${more}`;
const program = (more: string): string => `type: mcp, command: serve, ${more}`;

test.each([
  ['a map', `${webhook('secret: { a: sesame-1 }')}`],
  ['a cookie', webhook('url: "http://h/", headers: { Cookie: "s=sesame-1", X-A: 5 }')],
  ['a password in an address', webhook('url: "http://u:sesame-1@h/"')],
  ['a variable', program('env: { DB_PASSWORD: sesame-1, FOO: 5 }')],
  ['a variable that looks like a key', program('env: { GITHUB_PAT: sesame-1-abcdefgh-23, FOO: 5 }')],
  ['an argument', program('args: [--api-key=sesame-1, 5]')],
  ['an argument behind its name', program('args: [--api-key, sesame-1, 5]')],
  ['a header field among arguments', program('args: [--header, "X-Token: sesame-1", 5]')],
])('%s is neither in the lines that are shown nor in a log', async (_name, tool) => {
  const result = await loadText(`tools:\n  book: { ${tool} }\n`);
  const issues = result.ok ? result.warnings : [...result.errors, ...result.warnings];
  const shown = formatConfigIssues(issues, { color: false });
  expect(shown).toContain('book: {');
  expect(shown).not.toContain('sesame');
  const secret = /sesame-1[\w-]*/.exec(tool)?.[0] ?? '';
  expect(result.secrets.redact(`refused: ${secret}`)).toBe('refused: [redacted]');
});

test('what a program is given is not shown, and stays readable in logs where it looks like nothing secret', async () => {
  const result = await loadText(
    `tools:\n  book: { ${program('env: { MODE: production, X: [] }, args: ["-y", run]')} }\n`,
  );
  const shown = formatConfigIssues(result.ok ? [] : result.errors, { color: false });
  expect(shown).toContain('MODE: [redacted]');
  expect(result.secrets.redact('production run')).toBe('production run');
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LoadedConfig, type LoadResult, loadConfig } from '../../src/config/load-config.js';
import { formatConfigIssues } from '../../src/config/reading/config-issue.js';

export interface LoadTextOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Files beside the configuration, by name; directories are made. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** Loads a text as the file `connector.yaml` of an empty directory, which is also the working directory. */
export async function loadText(text: string, { env = {}, files = {} }: LoadTextOptions = {}): Promise<LoadResult> {
  const cwd = mkdtempSync(join(tmpdir(), 'connector-config-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  for (const [name, content] of Object.entries({ ...files, 'connector.yaml': text })) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  return loadConfig('connector.yaml', { env, cwd });
}

/** Loads a text that must be good. */
export async function loadGood(text: string, options?: LoadTextOptions): Promise<LoadedConfig> {
  const result = await loadText(text, options);
  if (!result.ok) throw new Error(formatConfigIssues(result.errors, { color: false }));
  return result;
}

/** Everything that is said against a text, as on a terminal without colours. Starts with a line feed, to be read. */
export async function complaints(text: string, options?: LoadTextOptions): Promise<string> {
  const result = await loadText(text, options);
  const issues = result.ok ? result.warnings : [...result.errors, ...result.warnings];
  return `\n${formatConfigIssues(issues, { color: false })}`;
}

/** `key: message` of everything that is said against a text. */
export async function summary(text: string, options?: LoadTextOptions): Promise<string[]> {
  const result = await loadText(text, options);
  const issues = result.ok ? result.warnings : [...result.errors, ...result.warnings];
  return issues.map(({ key, message, severity }) => `${severity} ${key}: ${message}`);
}

/** The end of every test file that is about something else. */
export const anyRoute = 'routes: [{ match: { any: true }, reject: 404 }]\n';

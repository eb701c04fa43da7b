import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Document, isScalar, visit } from 'yaml';
import { fileProblem } from '../base/file-problem.js';
import { type AvcSecret, importAvc } from '../config/avc/avc-import.js';
import { type LoadResult, loadConfigText } from '../config/load-config.js';
import type { ConfigIssue } from '../config/reading/config-issue.js';
import { Secrets } from '../config/reading/secrets.js';
import type { CliIo } from './cli-io.js';

/** What became of an INI file of the OpenSIPS AI Voice Connector. */
export interface ReadAvc {
  /** Our configuration as YAML. `undefined`: it cannot be used. */
  readonly yaml: string | undefined;
  readonly issues: readonly ConfigIssue[];
  /** Environment variables that stand in the YAML in the place of keys. */
  readonly secrets: readonly AvcSecret[];
}

/**
 * Reads it with the environment it knows. Never rejects.
 *
 * @param secrets `values`: the YAML holds the keys. `references`: it names environment variables instead.
 */
export async function readAvc(
  file: string,
  io: Pick<CliIo, 'env' | 'cwd'>,
  secrets: 'values' | 'references',
): Promise<ReadAvc> {
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    const message = `the file cannot be read: ${fileProblem(error)}`;
    return { yaml: undefined, issues: [issue(file, 'error', 0, message)], secrets: [] };
  }
  const result = importAvc(text, io.env, secrets);
  return {
    yaml: result.config === undefined ? undefined : toYaml(result.config),
    issues: result.issues.map(({ line, message, severity }) => issue(file, severity, line, message)),
    secrets: result.secrets,
  };
}

/** Where the old connector's habit is kept that a reader may want to change: a comment says so. */
const comments: ReadonlyMap<string, string> = new Map([
  [
    'dialect',
    ' The protocol before general availability, as before. Take this line out if the server speaks the present one.',
  ],
  ['http', ' Where the API of `settings` may be: next door, as before.'],
  ['toHeader', ' The To user, matched by its beginning, as before.'],
]);

function toYaml(config: Readonly<Record<string, unknown>>): string {
  const document = new Document(config);
  const told = new Set<string>();
  visit(document, {
    Pair: (_index, { key }) => {
      if (!isScalar(key) || typeof key.value !== 'string' || told.has(key.value)) return;
      const comment = comments.get(key.value);
      if (comment === undefined) return;
      told.add(key.value);
      key.commentBefore = comment;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The configuration that an INI file comes to, as if it were one of ours. */
export async function loadAvc(file: string, io: Pick<CliIo, 'env' | 'cwd'>): Promise<LoadResult> {
  const { issues, yaml } = await readAvc(file, io, 'values');
  const warnings = issues.filter(({ severity }) => severity === 'warning');
  if (yaml === undefined) {
    return {
      ok: false,
      errors: issues.filter(({ severity }) => severity === 'error'),
      warnings,
      secrets: new Secrets(),
    };
  }
  // Its lines are not those of the INI file.
  const shownAs = `${file}, as import-avc writes it`;
  const loaded = await loadConfigText(yaml, file, { env: io.env, cwd: io.cwd, shownAs });
  return { ...loaded, warnings: [...warnings, ...loaded.warnings] };
}

function issue(file: string, severity: ConfigIssue['severity'], line: number, message: string): ConfigIssue {
  const help = severity === 'error' ? 'see docs/10-opensips.md' : undefined;
  return {
    severity,
    code: 'ERR_CONFIG_INVALID',
    file,
    line,
    column: line === 0 ? 0 : 1,
    key: '',
    message,
    ...(help !== undefined && { help }),
  };
}

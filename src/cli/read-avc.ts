import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { importAvc } from '../config/avc/avc-import.js';
import type { ConfigIssue } from '../config/config-issue.js';
import { type LoadResult, loadConfigText } from '../config/load-config.js';
import { Secrets } from '../config/secrets.js';
import type { CliIo } from './cli-io.js';

/** What became of an INI file of the OpenSIPS AI Voice Connector. */
export interface ReadAvc {
  /** Our configuration as YAML; it holds the keys of the INI file. `undefined`: it cannot be used. */
  readonly yaml: string | undefined;
  readonly issues: readonly ConfigIssue[];
}

/** Reads it with the environment it knows. Never rejects. */
export async function readAvc(file: string, io: Pick<CliIo, 'env' | 'cwd'>): Promise<ReadAvc> {
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, file), 'utf8');
  } catch {
    return { yaml: undefined, issues: [issue(file, 'error', 0, 'the file cannot be read')] };
  }
  const { config, issues } = importAvc(text, io.env);
  return {
    yaml: config === undefined ? undefined : stringify(config, { lineWidth: 0 }),
    issues: issues.map(({ line, message, severity }) => issue(file, severity, line, message)),
  };
}

/** The configuration that an INI file comes to, as if it were one of ours. */
export async function loadAvc(file: string, io: Pick<CliIo, 'env' | 'cwd'>): Promise<LoadResult> {
  const { issues, yaml } = await readAvc(file, io);
  const warnings = issues.filter(({ severity }) => severity === 'warning');
  if (yaml === undefined) {
    return {
      ok: false,
      errors: issues.filter(({ severity }) => severity === 'error'),
      warnings,
      secrets: new Secrets(),
    };
  }
  const loaded = await loadConfigText(yaml, file, { env: io.env, cwd: io.cwd });
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

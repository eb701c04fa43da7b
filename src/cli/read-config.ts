import { formatConfigIssues } from '../config/config-issue.js';
import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import type { CliIo } from './cli-io.js';
import type { ReportExitCode } from './exit-code.js';

/** The file that commands read when none is named. */
export const DEFAULT_CONFIG = 'sip-config/connector.yaml';

/**
 * Reads a configuration for a command. What is wrong with it goes to stderr, all of it; `undefined` and exit code 1 when
 * it cannot be used.
 */
export async function readConfig(file: string, io: CliIo, report: ReportExitCode): Promise<LoadedConfig | undefined> {
  const loaded = await loadConfig(file, { env: io.env, cwd: io.cwd });
  const issues = loaded.ok ? loaded.warnings : [...loaded.errors, ...loaded.warnings];
  if (issues.length > 0) io.stderr.write(formatConfigIssues(issues, { color: io.stderr.isTTY === true }));
  if (loaded.ok) return loaded;
  report(1);
  return undefined;
}

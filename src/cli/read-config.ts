import { type LoadResult, loadConfig } from '../config/load-config.js';
import { type ConfigIssue, inFileOrder } from '../config/reading/config-issue.js';
import type { CliIo } from './cli-io.js';
import { checkFlavor, createFlavorCheckDeps } from './flavor-check.js';

/** The file that commands read when none is named. */
export const DEFAULT_CONFIG = 'sip-config/connector.yaml';

/** Reads a configuration as `run` needs it: flavors found, and their options held against their schemas too. */
export function readConfig(file: string, io: Pick<CliIo, 'env' | 'cwd'>): Promise<LoadResult> {
  return checkFlavors(loadConfig(file, { env: io.env, cwd: io.cwd }));
}

/** A configuration, or what is wrong with its flavors. */
export async function checkFlavors(loading: Promise<LoadResult>): Promise<LoadResult> {
  const loaded = await loading;
  if (!loaded.ok) return loaded;
  const deps = createFlavorCheckDeps();
  const names = Object.keys(loaded.config.flavors);
  const reports = await Promise.all(names.map((name) => checkFlavor(loaded, name, deps)));
  const errors: readonly ConfigIssue[] = inFileOrder(reports.flatMap((report) => report.issues));
  const warnings = [...loaded.warnings, ...reports.flatMap((report) => report.warnings ?? [])];
  if (errors.length === 0) return { ...loaded, warnings };
  return { ok: false, errors, warnings, secrets: loaded.secrets };
}

import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../flavor-api/index.js';
import { createGuardedFetch } from '../../http/guarded-fetch.js';
import { silentLog } from '../../ops/silent-log.js';
import { CallSettings, type ResolvedRoute, type SettingsCall } from './call-settings.js';

/** What would become of a call, and what the log would say. */
export interface SettingsTrial {
  readonly resolved: ResolvedRoute;
  /** For people; neither addresses nor values. */
  readonly problems: readonly string[];
}

/**
 * Asks for the settings of one call as the connector would, without taking one.
 *
 * @param allow `http.allow`
 */
export async function trySettings(
  call: Omit<SettingsCall, 'log'>,
  allow: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<SettingsTrial> {
  const problems: string[] = [];
  const told = (fields: object, message: string): void => {
    const details = Object.values(fields).flat().map(String).join(', ');
    problems.push(details === '' ? message : `${message} (${details})`);
  };
  const log: Logger = { ...silentLog, warn: told, error: told };
  await using fetch = createGuardedFetch({ allow, clock });
  const resolved = await new CallSettings({ clock, fetch }).resolve({ ...call, log }, signal);
  return { resolved, problems };
}

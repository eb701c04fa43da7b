import type { SessionTimersConfig } from '../config.js';
import type { ConfigPath } from '../reading/config-path.js';
import type { BrokenRule } from './broken-rule.js';

/** What a driver asks for it must agree to as well. `path`: of the driver's section. */
export function checkSessionTimers(
  { expiresSeconds, minSeconds }: SessionTimersConfig,
  path: ConfigPath,
): BrokenRule[] {
  if (expiresSeconds >= minSeconds) return [];
  return [
    {
      path: [...path, 'sessionTimers', 'expiresSeconds'],
      message: `shorter than minSeconds (${minSeconds}), the shortest interval agreed to`,
      help: 'lower minSeconds too, to 90 at least',
    },
  ];
}

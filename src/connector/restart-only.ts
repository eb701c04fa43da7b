import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';

/** Sections that are read once, at the start. */
const sections = ['signaling', 'media', 'admin'] as const satisfies readonly (keyof Config)[];

/** What of a new configuration takes effect only at a restart. */
export function restartOnly(before: Config, after: Config): readonly string[] {
  const changed: string[] = sections.filter((section) => !isDeepStrictEqual(before[section], after[section]));
  if (before.cdr.path !== after.cdr.path) changed.push('cdr.path');
  if (before.limits.rtpTimeoutSeconds !== after.limits.rtpTimeoutSeconds) changed.push('limits.rtpTimeoutSeconds');
  return changed;
}

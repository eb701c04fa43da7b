import { suggest } from '../reading/suggest.js';
import type { Parsed } from './addresses.js';

/** Names found good that are kept; a file has few, and the settings of a call may name any. */
const KEPT_NAMES = 64;
/** Each route has one, and Intl takes 0.2 ms to find out. */
const good = new Set<string>();

/** A time zone by its IANA name, such as `Europe/London`; `UTC` is one. Offsets are not: they know no summer time. */
export function parseTimeZone(text: string): Parsed<string> {
  const help = 'write the name of a zone, such as Europe/London, or UTC';
  if (!/^[A-Za-z][\w+/-]*$/.test(text)) return { ok: false, problem: 'expected a time zone', help };
  if (good.has(text)) return { ok: true, value: text };
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: text });
    if (good.size >= KEPT_NAMES) good.clear();
    good.add(text);
    return { ok: true, value: text };
  } catch {
    const meant = suggest(text, Intl.supportedValuesOf('timeZone'));
    return {
      ok: false,
      problem: 'no time zone has this name',
      help: meant === undefined ? help : `did you mean "${meant}"?`,
    };
  }
}

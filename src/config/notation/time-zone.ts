import { suggest } from '../reading/suggest.js';
import type { Parsed } from './addresses.js';

/** A time zone by its IANA name, such as `Europe/London`; `UTC` is one. Offsets are not: they know no summer time. */
export function parseTimeZone(text: string): Parsed<string> {
  const help = 'write the name of a zone, such as Europe/London, or UTC';
  if (!/^[A-Za-z][\w+/-]*$/.test(text)) return { ok: false, problem: 'expected a time zone', help };
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: text });
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

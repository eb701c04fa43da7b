import type { TextRange } from './excerpt.js';
import { soundsSecret } from './secrets.js';

/** A name and what makes a value of the rest. Longer ones are no names, but what they name may be anything. */
const NAME = /(?<![\w-])([\w-]{1,64})["']?\s*[:=]\s*/g;
/** What is in quotes, which may never end, and all else up to a comma or brace that belongs to no reference. */
const VALUE = /(?:"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)?(?:\$\{[^}$]*\}|[^,}])*/y;
/** Keys and values that have names of their own. */
const MAP = /\{[^:,}]*:/y;
/** Of one with a default the default is shown to nobody. */
const REFERENCES = /^["']?(?:\$\{(?:(?!:-)[^}])*\})+["']?$/;
/** With a user before it, or one that may be a token. */
const URL_PASSWORD = /:\/\/(?:[^\s/:@"']*:)?([^\s/:@"'][^\s/@"']*)@/dg;
/** Names that are nothing but that: what they are a map of is secret, too. Others may be names that people gave. */
const SECRETS = /^(?:secret|token|password|passwd|credential|api[_-]?key|authorization)s?$/i;
/** A map, which may never end. */
const WHOLE_MAP = /\{[^}]*\}?/y;

/**
 * What looks like a secret on a line, for YAML may not have read it, or not as it was meant: `password: #a`, `token: [a`.
 * In time that grows with the length of the line alone.
 */
export function secretsBySight(text: string, { start: lineStart, end: lineEnd }: TextRange): readonly TextRange[] {
  const line = text.slice(lineStart, lineEnd);
  const found: TextRange[] = [];
  const names = new RegExp(NAME);
  for (let match = names.exec(line); match; match = names.exec(line)) {
    if (!soundsSecret(match[1] ?? '')) continue;
    const start = names.lastIndex;
    const isMap = at(line, start, MAP) !== '';
    if (isMap && !SECRETS.test(match[1] ?? '')) continue;
    const value = at(line, start, isMap ? WHOLE_MAP : VALUE);
    names.lastIndex = start + value.length;
    if (value !== '' && !REFERENCES.test(value))
      found.push({ start: lineStart + start, end: lineStart + names.lastIndex });
  }
  for (const { indices } of line.matchAll(URL_PASSWORD)) {
    const [start, end] = indices?.[1] ?? [0, 0];
    found.push({ start: lineStart + start, end: lineStart + end });
  }
  return found;
}

/** @param what sticky */
function at(line: string, start: number, what: RegExp): string {
  const pattern = new RegExp(what);
  pattern.lastIndex = start;
  return pattern.exec(line)?.[0].trimEnd() ?? '';
}

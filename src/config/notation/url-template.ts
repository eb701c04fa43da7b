import { hasDotSegment } from '../../base/dot-segments.js';
import type { Parsed } from './addresses.js';
import { renderTemplate } from './template.js';

const HELP = 'write https://HOST/PATH; {{name}} is filled in from the path on';

/**
 * A URL with `{{name}}` in it, for requests the connector makes itself. Scheme, host and port are fixed: a caller's
 * number must not choose who is asked. Neither a user and password, which would end up in logs of others, nor a
 * fragment, which HTTP does not send.
 */
export function parseUrlTemplate(text: string): Parsed<string> {
  const [start = '', scheme = '', authority = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\]*)/i.exec(text) ?? [];
  if (!/^https?$/i.test(scheme)) return { ok: false, problem: 'expected a URL of http: or https:', help: HELP };
  if (authority.includes('{{')) {
    return { ok: false, problem: 'the host of this URL is a template, and a caller could choose it', help: HELP };
  }
  if (authority.includes('@')) {
    return {
      ok: false,
      problem: 'a URL with a user or password in it',
      help: 'send a token or a header field instead',
    };
  }
  // Blanks would be cut off or escaped by the URL parser: what is asked would not be what is written.
  const rest = text.slice(start.length).replace(/\{\{[^{}]*\}\}/g, 'x');
  if (authority === '' || /[\s\p{Cc}\\]/u.test(rest) || !URL.canParse(start + rest)) {
    return { ok: false, problem: 'this is no URL', help: HELP };
  }
  if (hasDotSegment(start + rest)) {
    return { ok: false, problem: 'a URL with "." or ".." in its path', help: 'write the path it leads to' };
  }
  if (rest.includes('#')) {
    return {
      ok: false,
      problem: 'a URL with a fragment: "#" and what follows is never sent',
      help: 'remove it, or write %23',
    };
  }
  return { ok: true, value: text };
}

/**
 * Fills in a URL that passed {@link parseUrlTemplate}, each value percent-encoded. Values that would lead to another
 * path all the same (`..` as a whole segment) are refused; the problem repeats none of them.
 */
export function renderUrl(
  template: string,
  variables: ReadonlyMap<string, string>,
): Parsed<string> & { readonly missing: readonly string[] } {
  const { missing, text } = renderTemplate(template, variables, encodeURIComponent);
  if (hasDotSegment(text) || !URL.canParse(text))
    return { ok: false, problem: 'the values make another address of this URL', missing };
  return { ok: true, value: text, missing };
}

import type { CallIdentity } from '../call/record-builder.js';
import type { RouteConfig } from '../config/config.js';
import {
  callerVariables,
  callVariables,
  cleanValue,
  isCredentialHeader,
  renderTemplate,
} from '../config/notation/template.js';
import type { InviteRequest } from '../signaling/port.js';

/** Longest header field shown to a flavor, characters: an Identity (RFC 8224) has some hundred more than a name. */
const MAX_HEADER_LENGTH = 4_096;

/** What a call says of itself to those who talk for it. */
export interface CallTexts {
  /** SIP header fields that the route shows to the flavor, by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly variables: Readonly<Record<string, string>>;
  /** Fills `{{name}}` into a text of the operator's, which may name any header; the flavor sees those the route lists. */
  render(text: string): string;
}

/** For all calls of routes that show none. */
const noHeaders: ReadonlyMap<string, string> = new Map();

/** Chosen headers and variables of one call. */
export function callTexts(
  route: RouteConfig,
  { from, id, startedAtMs, to }: CallIdentity,
  invite: Pick<InviteRequest, 'headers'>,
): CallTexts {
  const moment = { wallTimeMs: startedAtMs, timeZone: route.timeZone };
  const headers = shownHeaders(route, invite.headers);
  const exposed = new Map([...headers].map(([name, value]) => [name, [value]] as const));
  const variables = callerVariables(route.variables, { from, to, headers: exposed });
  let all: ReturnType<typeof callVariables> | undefined;
  // Made when a text asks for one of them: most have none, and they would last as long as the call.
  const render = (text: string): string => {
    if (!text.includes('{{')) return text;
    all ??= callVariables(route.variables, { id, from, to, headers: invite.headers, moment });
    return renderTemplate(text, all).text;
  };
  return {
    headers,
    variables: Object.fromEntries(variables),
    render,
  };
}

/**
 * Those of a call's header fields that a route shows to its flavor, by lower-case name. A field that came in several
 * lines is one list, as RFC 3261 section 7.3.1 reads it: the Diversions and History-Infos of a call forwarded twice.
 */
export function shownHeaders(
  { headers: names }: Pick<RouteConfig, 'headers'>,
  headers: InviteRequest['headers'],
): ReadonlyMap<string, string> {
  if (names.length === 0) return noHeaders;
  const shown = new Map<string, string>();
  for (const name of names) {
    const key = name.toLowerCase();
    const values = isCredentialHeader(key) ? undefined : headers.get(key);
    if (values !== undefined) shown.set(key, cleanValue(values.join(', '), MAX_HEADER_LENGTH));
  }
  return shown;
}

import { ConnectorError } from '../base/connector-error.js';
import type { RouteConfig, RouteMatch } from './config.js';
import { compilePattern, matchesPattern, maxMatchedLength } from './notation/route-pattern.js';
import { formatPath } from './reading/config-path.js';

/** What a call is routed by; `InviteRequest` fits. */
export interface RouteInput {
  readonly requestUser: string;
  readonly toUser: string;
  readonly fromUser: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** Why a route did not match: its first condition that failed. */
export interface RouteMismatch {
  readonly index: number;
  /** `to`, `from`, `toHeader` or `header X-Name`. */
  readonly condition: string;
  readonly pattern: string;
  /** Texts longer than this were not looked at, characters. */
  readonly maxLength: number;
  /** What the pattern was tried on; empty for a header that is absent. Personal data: for a terminal, not for logs. */
  readonly actual: readonly string[];
}

export interface RouteDecision {
  /** The dialled number: user of the request-URI, or of To when the request-URI has none. */
  readonly to: string;
  /** `undefined` when no route matches, which means 404. */
  readonly index: number | undefined;
  readonly route: RouteConfig | undefined;
  /** The routes before `index`, each with the condition that failed. */
  readonly mismatches: readonly RouteMismatch[];
}

/** Chooses a route: first match wins. */
export interface Router {
  route(input: RouteInput): RouteDecision;
}

interface Condition {
  readonly name: string;
  readonly pattern: string;
  readonly regex: RegExp;
  /** Longer texts do not match, characters. */
  readonly maxLength: number;
  readonly read: (input: RouteInput, to: string) => readonly string[];
}

/**
 * Compiles the routes.
 *
 * @throws ConnectorError `ERR_CONFIG_INVALID` for a pattern that cannot be used; `loadConfig` has reported it before,
 *   with its line.
 */
export function createRouter(routes: readonly RouteConfig[]): Router {
  const compiled = routes.map((route, index) => conditionsOf(route.match, index));
  return {
    route(input) {
      const to = input.requestUser === '' ? input.toUser : input.requestUser;
      const mismatches: RouteMismatch[] = [];
      for (const [index, conditions] of compiled.entries()) {
        const failed = conditions.find(
          ({ regex, maxLength, read }) => !read(input, to).some((text) => matchesPattern(regex, text, maxLength)),
        );
        if (!failed) return { to, index, route: routes[index], mismatches };
        const { name: condition, pattern, maxLength, read } = failed;
        mismatches.push({ index, condition, pattern, maxLength, actual: read(input, to) });
      }
      return { to, index: undefined, route: undefined, mismatches };
    },
  };
}

function conditionsOf(match: RouteMatch, index: number): Condition[] {
  const conditions: Condition[] = [];
  const add = (name: string, key: readonly string[], pattern: string | undefined, read: Condition['read']): void => {
    if (pattern === undefined) return;
    const regex = compilePattern(pattern);
    if (!regex.ok) {
      const path = formatPath(['routes', index, 'match', ...key]);
      throw new ConnectorError('ERR_CONFIG_INVALID', `${path}: ${regex.problem}`);
    }
    const maxLength = maxMatchedLength(pattern, key[0] === 'header' ? 'header' : 'number');
    conditions.push({ name, pattern, regex: regex.value, maxLength, read });
  };
  add('to', ['to'], match.to, (_input, to) => [to]);
  add('toHeader', ['toHeader'], match.toHeader, ({ toUser }) => [toUser]);
  add('from', ['from'], match.from, ({ fromUser }) => [fromUser]);
  for (const [name, pattern] of Object.entries(match.header ?? {})) {
    add(`header ${name}`, ['header', name], pattern, ({ headers }) => headers.get(name.toLowerCase()) ?? []);
  }
  return conditions;
}

/** One line for people: `to "2005" does not match 2000`. */
export function describeMismatch({ condition, pattern, maxLength, actual }: RouteMismatch): string {
  if (actual.length === 0) return `${condition} is absent, and must match ${pattern}`;
  if (actual.every((text) => text.length > maxLength)) {
    return `${condition} is longer than ${maxLength} characters`;
  }
  return `${condition} ${actual.map((text) => JSON.stringify(text)).join(', ')} does not match ${pattern}`;
}

/** A route for the call record and the log: its index and conditions, at most 120 characters, no caller's data. */
export function describeRoute(index: number, { match }: RouteConfig): string {
  const conditions = [
    ...(match.any ? ['any'] : []),
    ...(['to', 'toHeader', 'from'] as const).flatMap((name) =>
      match[name] === undefined ? [] : `${name}=${match[name]}`,
    ),
    ...Object.entries(match.header ?? {}).map(([name, pattern]) => `${name}=${pattern}`),
  ];
  const text = `${index} ${conditions.join(' ')}`;
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

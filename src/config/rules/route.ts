import type { ConfigPath } from '../reading/config-path.js';
import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, type FileNames, unknownName } from './broken-rule.js';
import type { ParsedRoute } from './sayings.js';
import { checkSipHeaders } from './sip-headers.js';
import { checkTemplates } from './templates.js';

/** Keys that mean nothing where nobody answers. */
const ANSWERED_ONLY: readonly string[] = [
  ...['instructions', 'interruption', 'silence', 'duration', 'onFailure', 'tools', 'transfer', 'settings'],
];

/**
 * Match, flavor and reject of one route.
 *
 * @param written The route as plain data.
 */
export function checkRoute(route: ParsedRoute, path: ConfigPath, names: FileNames, written: unknown): BrokenRule[] {
  const broken = checkMatch(route, path);
  if (route.flavor !== undefined && route.reject !== undefined) {
    broken.push({ path: [...path, 'reject'], atKey: true, message: 'a route has a flavor or a reject, not both' });
  }
  if (route.flavor === undefined && route.reject === undefined) {
    broken.push({
      path,
      message: 'a route needs a flavor to answer, or a reject',
      help: 'add flavor: NAME or reject: 404',
    });
  }
  if (route.flavor === undefined && route.reject !== undefined) {
    if (route.greeting !== undefined) {
      broken.push({ path: [...path, 'greeting'], atKey: true, message: 'a call that is refused is not greeted' });
    }
    for (const key of ANSWERED_ONLY) {
      if (!Object.hasOwn(Object(written), key)) continue;
      broken.push({
        path: [...path, key],
        atKey: true,
        message: `a call that is refused has no use for ${key}`,
        help: 'remove it, or let a flavor answer',
      });
    }
  }
  if (route.flavor !== undefined && !names.flavors.includes(route.flavor)) {
    const kind = { singular: 'flavor', plural: 'flavors', section: 'flavors' };
    const unknown = unknownName([...path, 'flavor'], route.flavor, names.flavors, kind);
    // The name of a built-in flavor, most often: those are named in `use`.
    const help = `flavors is empty: add flavors: { ${route.flavor}: { use: ... } }`;
    broken.push(names.flavors.length === 0 ? { ...unknown, help } : unknown);
  }
  broken.push(...checkSipHeaders(route.answer.headers, [...path, 'answer', 'headers']));
  broken.push(...checkSipHeaders(route.hangup.headers, [...path, 'hangup', 'headers']));
  return [...broken, ...checkTemplates(route, path)];
}

function checkMatch(route: ParsedRoute, path: ConfigPath): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const { header, ...others } = route.match;
  const conditions = [...Object.keys(others), ...Object.keys(header ?? {})];
  if (conditions.length === 0) {
    broken.push({ path: [...path, 'match'], message: 'no condition', help: 'write any: true to match every call' });
  }
  if (route.match.any && conditions.length > 1) {
    broken.push({
      path: [...path, 'match', 'any'],
      message: 'any: true with other conditions',
      help: 'remove any; all other conditions must hold',
    });
  }
  // Of header fields a value may well stand between slashes.
  for (const key of ['to', 'from', 'toHeader'] as const) {
    const pattern = route.match[key] ?? '';
    if (pattern.length < 2 || !pattern.startsWith('/') || !pattern.endsWith('/')) continue;
    broken.push({
      severity: 'warning',
      path: [...path, 'match', key],
      message: 'the slashes are part of the pattern: no number has them',
      help: `write it without them: ${pattern.slice(1, -1)}`,
    });
  }
  return broken;
}

/** Routes that no call reaches. */
export function checkReachable(routes: ParsedConfig['routes']): BrokenRule[] {
  const catchAll = routes.findIndex((route) => route.match.any);
  const reached = catchAll < 0 ? routes : routes.slice(0, catchAll + 1);
  const broken = checkCovered(reached);
  if (reached.length < routes.length) {
    broken.push({
      severity: 'warning',
      path: ['routes', catchAll + 1],
      message: `no call gets here: routes[${catchAll}] matches every call`,
      help: 'move the route with any: true to the end',
    });
  }
  return broken;
}

/** Routes behind one that asks for the same, or for one thing of it. What patterns have in common is not looked at. */
function checkCovered(routes: ParsedConfig['routes']): BrokenRule[] {
  const first = new Map<string, number>();
  return routes.flatMap(({ match }, index): BrokenRule[] => {
    const conditions = conditionsOf(match);
    if (conditions.length === 0) return [];
    const all = conditions.join('\n');
    const earlier = [all, ...conditions].flatMap((one) => first.get(one) ?? []).sort((one, other) => one - other)[0];
    if (!first.has(all)) first.set(all, index);
    if (earlier === undefined) return [];
    const message = `no call gets here: routes[${earlier}] matches all of them`;
    return [
      {
        severity: 'warning',
        path: ['routes', index, 'match'],
        atKey: true,
        message,
        help: 'remove one of the two, or change a condition',
      },
    ];
  });
}

/** Each condition as one line, in a fixed order. Names of header fields have no case. */
function conditionsOf({ header = {}, ...others }: ParsedConfig['routes'][number]['match']): string[] {
  const named = Object.entries(header).map(([name, pattern]) => [`header ${name.toLowerCase()}`, pattern]);
  return [...Object.entries(others), ...named].map((condition) => JSON.stringify(condition)).sort();
}

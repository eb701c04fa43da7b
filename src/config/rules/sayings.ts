import type { Cue, RouteConfig } from '../config.js';
import type { ConfigPath } from '../reading/config-path.js';
import type { ParsedConfig } from '../schema.js';

/** A route as the schema leaves it. */
export type ParsedRoute = ParsedConfig['routes'][number];

/** Every saying of a route, and its place in it. */
export function sayingsOf(
  route: Pick<RouteConfig, 'duration' | 'greeting' | 'onFailure' | 'silence'>,
): { readonly saying: Cue; readonly place: ConfigPath }[] {
  const { duration, greeting, onFailure, silence } = route;
  const placed: { readonly saying: Cue | undefined; readonly place: ConfigPath }[] = [
    { saying: greeting, place: ['greeting'] },
    ...silence.reprompts.map((saying, index) => ({ saying, place: ['silence', 'reprompts', index] })),
    { saying: silence.goodbye, place: ['silence', 'goodbye'] },
    { saying: duration.warning, place: ['duration', 'warning'] },
    { saying: onFailure.waiting, place: ['onFailure', 'waiting'] },
    { saying: onFailure.apology, place: ['onFailure', 'apology'] },
  ];
  return placed.flatMap(({ saying, place }) => (saying === undefined ? [] : [{ saying, place }]));
}

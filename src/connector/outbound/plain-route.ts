import type { RouteConfig } from '../../config/config.js';
import { routeSchema } from '../../config/schema/route.js';

/** A route that says nothing but whose calls they are. */
export function plainRoute(flavor: string): RouteConfig {
  return routeSchema.parse({ match: { any: true }, flavor });
}

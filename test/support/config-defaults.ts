import type { Config, RouteConfig } from '../../src/config/config.js';
import { configSchema } from '../../src/config/schema.js';

const { routes, tools, transfer, http, voice, breaker, trunks, outbound } = configSchema.parse({
  routes: [{ match: { any: true }, flavor: 'agent' }],
});

/** What a route says that says nothing but `match` and `flavor`. */
export const routeDefaults: Omit<RouteConfig, 'match' | 'flavor'> = (() => {
  const [route] = routes;
  if (route === undefined) throw new Error('the schema has lost a route');
  const { match: _match, flavor: _flavor, ...defaults } = route;
  return defaults;
})();

/** Sections of a file that tests of other things leave out. */
export const configDefaults: Pick<Config, 'tools' | 'transfer' | 'http' | 'voice' | 'breaker' | 'trunks' | 'outbound'> =
  {
    tools,
    transfer,
    http,
    voice,
    breaker,
    trunks,
    outbound,
  };

import { isObject } from '../../base/is-object.js';
import type { Config } from '../../config/config.js';
import type { Flavor } from '../../flavor-api/index.js';
import { noSuchFlavor } from './flavor-factory.js';

type Options = Readonly<Record<string, unknown>>;

/**
 * Makes a flavor of the configuration anew with options of one call over its own: a voice, a model, a tenant's key.
 * Whoever asks closes it when the call is over. Throws what `createFlavors` throws.
 */
export async function createVariant(
  config: Config,
  name: string,
  options: Options,
  createFlavors: (config: Config) => Promise<ReadonlyMap<string, Flavor>>,
): Promise<Flavor> {
  const section = config.flavors[name];
  if (section === undefined) throw noSuchFlavor(name);
  const merged = { ...section, options: mergeOptions(section.options, options) };
  const flavor = (await createFlavors({ ...config, flavors: { [name]: merged } })).get(name);
  if (flavor === undefined) throw noSuchFlavor(name);
  return flavor;
}

/** `patch` over `base`; a section of both is merged, unless it is one of another `type`. */
function mergeOptions(base: Options, patch: Options): Options {
  const merged = Object.entries(patch).map(([key, value]) => {
    const before = base[key];
    const alike = isObject(before) && isObject(value) && before['type'] === value['type'];
    return [key, alike ? { ...before, ...value } : value] as const;
  });
  return { ...base, ...Object.fromEntries(merged) };
}

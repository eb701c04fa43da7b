import { dirname } from 'node:path';
import { ConnectorError, errorCode, errorMessage } from '../base/connector-error.js';
import type { Config } from '../config/config.js';
import type { Flavor, FlavorDeps, FlavorModule } from '../flavor-api/index.js';
import { loadFlavorModule } from './flavor-loader.js';

/** A mistake in a flavor's section of the configuration. */
export interface FlavorOptionIssue {
  /** From the top of the file: `['flavors', 'salon', 'voice']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A flavor whose module was found and whose options fit. */
export interface PreparedFlavor {
  readonly module: FlavorModule;
  /** Options as the flavor's schema gave them back, defaults filled in. */
  readonly options: unknown;
}

/**
 * Loads the module of one flavor of the configuration and validates its options. Throws what `loadFlavorModule` throws.
 */
export async function prepareFlavor(
  config: Config,
  name: string,
): Promise<PreparedFlavor | { readonly issues: readonly FlavorOptionIssue[] }> {
  const section = config.flavors[name];
  if (!section) throw new ConnectorError('ERR_FLAVOR_NOT_FOUND', `there is no flavor ${JSON.stringify(name)}`);
  const module = await loadFlavorModule(section.use, dirname(config.file));
  const result = await module.manifest.configSchema['~standard'].validate(section.options);
  if (!result.issues) return { module, options: result.value };
  const issues = result.issues.map((issue) => ({
    path: ['flavors', name, ...(issue.path ?? []).map(keyOf)],
    message: issue.message,
  }));
  return { issues };
}

/**
 * Makes every flavor of a configuration, by the name routes use. When one fails, those already made are closed.
 *
 * Throws `ERR_FLAVOR_NOT_FOUND`, `ERR_FLAVOR_INVALID`, `ERR_CONFIG_INVALID` (options), or what `create` throws.
 */
export async function createFlavors(config: Config, deps: FlavorDeps): Promise<ReadonlyMap<string, Flavor>> {
  const flavors = new Map<string, Flavor>();
  try {
    for (const name of Object.keys(config.flavors)) {
      const prepared = await prepareFlavor(config, name);
      if ('issues' in prepared) throw optionError(config.file, prepared.issues);
      flavors.set(name, await create(name, prepared, deps));
    }
  } catch (error) {
    await Promise.allSettled([...flavors.values()].map((flavor) => flavor[Symbol.asyncDispose]()));
    throw error;
  }
  return flavors;
}

async function create(name: string, { module, options }: PreparedFlavor, deps: FlavorDeps): Promise<Flavor> {
  try {
    return await module.create(options, deps);
  } catch (error) {
    if (errorCode(error) === undefined) {
      const message = `the flavor ${JSON.stringify(name)} cannot be made: ${errorMessage(error)}`;
      throw new ConnectorError('ERR_FLAVOR_INVALID', message, { cause: error });
    }
    throw error;
  }
}

function optionError(file: string, issues: readonly FlavorOptionIssue[]): ConnectorError {
  const lines = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return new ConnectorError('ERR_CONFIG_INVALID', `${file}: ${lines.join('; ')}`);
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === 'object' ? segment.key : segment;
  return typeof key === 'number' ? key : String(key);
}

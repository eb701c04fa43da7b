import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { ConnectorError, errorCode, errorMessage } from '../../base/connector-error.js';
import { inTime } from '../../base/in-time.js';
import type { Config } from '../../config/config.js';
import { standardPath } from '../../config/reading/config-path.js';
import {
  type Flavor,
  type FlavorDeps,
  FlavorError,
  type FlavorModule,
  flavorErrorCodes,
} from '../../flavor-api/index.js';
import { loadFlavorModule } from './flavor-loader.js';

/** Time that loading a flavor and making it may take, ms; models are loaded by `warmup`, which nobody waits for so long. */
export const MAKING_MS = 30_000;
/** Time that a flavor has to close where nothing but that is waited for, ms. */
export const CLOSING_MS = 5_000;

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
  if (!section) throw noSuchFlavor(name);
  const module = await loadFlavorModule(section.use, dirname(config.file));
  const result = await module.manifest.configSchema['~standard'].validate(section.options);
  if (!result.issues) return { module, options: result.value };
  const issues = result.issues.map((issue) => ({
    path: ['flavors', name, ...standardPath(issue)],
    message: issue.message,
  }));
  return { issues };
}

/** A name that no flavor of the configuration has. */
export function noSuchFlavor(name: string): ConnectorError {
  return new ConnectorError('ERR_FLAVOR_NOT_FOUND', `there is no flavor ${JSON.stringify(name)}`);
}

/**
 * Makes every flavor of a configuration, by the name routes use. When one fails, those already made are closed.
 *
 * Throws `ERR_FLAVOR_NOT_FOUND`, `ERR_FLAVOR_INVALID`, `ERR_CONFIG_INVALID` (options), or the `ERR_FLAVOR_*` that `create`
 * throws; messages name the flavor. One that is not made within 30 s is `ERR_FLAVOR_TIMEOUT`, and closed when it comes.
 */
export async function createFlavors(
  config: Config,
  deps: FlavorDeps,
  clock: Clock,
): Promise<ReadonlyMap<string, Flavor>> {
  const flavors = new Map<string, Flavor>();
  try {
    for (const name of Object.keys(config.flavors)) {
      const late = (): Error => {
        const message = `the flavor ${JSON.stringify(name)} was not made within ${MAKING_MS / 1000} s`;
        return new FlavorError('ERR_FLAVOR_TIMEOUT', message, true);
      };
      const making = prepareAndCreate(config, name, deps);
      flavors.set(name, await inTime(making, MAKING_MS, clock, late, closeFlavor));
    }
  } catch (error) {
    const closed = Promise.all([...flavors.values()].map(closeFlavor));
    // Why there is nothing to run is the better complaint.
    await inTime(closed, CLOSING_MS, clock, () => new Error('not closed')).catch(() => undefined);
    throw error;
  }
  return flavors;
}

async function prepareAndCreate(config: Config, name: string, deps: FlavorDeps): Promise<Flavor> {
  const prepared = await prepareFlavor(config, name);
  if ('issues' in prepared) throw optionError(config.file, prepared.issues);
  return create(name, prepared, deps);
}

/** Never rejects. */
export async function closeFlavor(flavor: Flavor): Promise<void> {
  try {
    await flavor[Symbol.asyncDispose]();
  } catch {
    // Nobody is left to tell.
  }
}

async function create(name: string, { module, options }: PreparedFlavor, deps: FlavorDeps): Promise<Flavor> {
  const flavor = await make(name, { module, options }, deps);
  const problem = await whyUnusable(flavor);
  if (problem === undefined) return flavor;
  throw new ConnectorError('ERR_FLAVOR_INVALID', `the flavor ${JSON.stringify(name)} cannot be used: ${problem}`);
}

/** Why what `create` gave back is no flavor, after closing it; `undefined` when it is one. Never rejects. */
export async function whyUnusable(flavor: Partial<Flavor> | null | undefined): Promise<string | undefined> {
  const problem = problemOf(flavor);
  if (problem === undefined) return undefined;
  try {
    // It may have opened something all the same.
    await flavor?.[Symbol.asyncDispose]?.();
  } catch {
    // Why it cannot be used is the better complaint.
  }
  return problem;
}

async function make(name: string, { module, options }: PreparedFlavor, deps: FlavorDeps): Promise<Flavor> {
  try {
    return await module.create(options, deps);
  } catch (error) {
    const message = `the flavor ${JSON.stringify(name)} cannot be made: ${errorMessage(error)}`;
    const code = flavorErrorCodes.find((known) => known === errorCode(error));
    if (code === undefined) throw new ConnectorError('ERR_FLAVOR_INVALID', message, { cause: error });
    throw new FlavorError(code, message, false, { cause: error });
  }
}

const encodings: ReadonlySet<unknown> = new Set(['pcm16', 'mulaw', 'alaw']);
const sampleRates: ReadonlySet<unknown> = new Set([8000, 16_000, 24_000, 48_000]);

/** Why what `create` gave back is no flavor; `undefined` when it is one. It may not have been written in TypeScript. */
function problemOf(flavor: Partial<Flavor> | null | undefined): string | undefined {
  if (typeof flavor !== 'object' || flavor === null) return 'create() gave back no flavor';
  if (typeof flavor.open !== 'function') return 'it has no open()';
  if (typeof flavor[Symbol.asyncDispose] !== 'function') return 'it has no [Symbol.asyncDispose]()';
  for (const side of ['input', 'output'] as const) {
    const formats: unknown = flavor.capabilities?.[side];
    if (!Array.isArray(formats) || formats.length === 0) return `capabilities.${side} names no format`;
    const unknown = formats.find((format) => !encodings.has(format?.encoding) || !sampleRates.has(format?.sampleRate));
    if (unknown !== undefined) {
      const known = `encoding: ${[...encodings].join(', ')}; sampleRate: ${[...sampleRates].join(', ')}`;
      return `capabilities.${side} names ${JSON.stringify(unknown)}, which is no format (${known})`;
    }
  }
  const turnTaking: unknown = flavor.capabilities?.turnTaking;
  if (turnTaking !== undefined && turnTaking !== 'host' && turnTaking !== 'flavor') {
    return `capabilities.turnTaking is ${JSON.stringify(turnTaking)}: "host" or "flavor"`;
  }
  return undefined;
}

function optionError(file: string, issues: readonly FlavorOptionIssue[]): ConnectorError {
  const lines = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return new ConnectorError('ERR_CONFIG_INVALID', `${file}: ${lines.join('; ')}`);
}

import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { defaultExport } from '../../base/default-export.js';
import { thrownAt } from '../../base/thrown-at.js';
import { typeScriptProblem } from '../../base/type-stripping.js';
import type { FlavorModule } from '../../flavor-api/index.js';
import { packageEntry } from './package-entry.js';

type Load = () => Promise<{ readonly default: unknown }>;

/** The flavors of this package, each loaded only when a configuration names it. */
const builtIn: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['echo', () => import('../../../flavors/echo/index.js')],
  ['openai-realtime', () => import('../../../flavors/openai-realtime/index.js')],
  ['deepgram', () => import('../../../flavors/deepgram/index.js')],
  ['deepgram-agent', () => import('../../../flavors/deepgram-agent/index.js')],
  ['azure', () => import('../../../flavors/azure/index.js')],
  ['chatterbox-custom', () => import('../../../flavors/chatterbox-custom/index.js')],
]);

/** Names of the built-in flavors. */
export const builtInFlavors: readonly string[] = [...builtIn.keys()];

/**
 * Finds the module behind `use`: a built-in name, a path, or an npm package, the latter two from the directory of the
 * configuration file. Nothing of a module runs but its own top level.
 *
 * Throws `ERR_FLAVOR_NOT_FOUND` when there is none or it does not load, `ERR_FLAVOR_INVALID` when it is no flavor of
 * contract version 1.
 *
 * @param stripsTypes whether this Node.js runs TypeScript; found out when absent
 */
export async function loadFlavorModule(
  use: string,
  configDirectory: string,
  stripsTypes?: boolean,
): Promise<FlavorModule> {
  const load = builtIn.get(use) ?? (() => importFrom(use, configDirectory, stripsTypes));
  let loaded: { readonly default: unknown };
  try {
    loaded = await load();
  } catch (error) {
    const known = builtInFlavors.join(', ');
    // The lines below the first are the stack of files that required it: ours.
    const [reason = ''] = errorMessage(error).split('\n');
    const message = `the flavor ${JSON.stringify(use)} does not load: ${reason} (built in: ${known})`;
    throw new ConnectorError('ERR_FLAVOR_NOT_FOUND', message, { cause: error });
  }
  const flavor = defaultExport(loaded.default);
  const problem = problemOf(flavor);
  if (problem !== undefined || !isFlavorModule(flavor)) {
    throw new ConnectorError('ERR_FLAVOR_INVALID', `${JSON.stringify(use)} is not a flavor: ${problem}`);
  }
  return flavor;
}

async function importFrom(
  use: string,
  directory: string,
  stripsTypes: boolean | undefined,
): Promise<{ readonly default: unknown }> {
  const isPath = use.startsWith('.') || isAbsolute(use);
  const file = isPath ? resolve(directory, use) : packageEntry(use, directory);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new Error(`there is no file ${file}`);
  if (found.isDirectory()) throw new Error(`${file} is a directory: name the file in it`);
  const unreadable = typeScriptProblem(file, stripsTypes);
  if (unreadable !== undefined) throw new Error(unreadable);
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    const at = thrownAt(error);
    if (at === undefined) throw error;
    const [reason] = errorMessage(error).split('\n');
    throw new Error(`${reason} (at ${at})`, { cause: error });
  }
}

function isFlavorModule(value: unknown): value is FlavorModule {
  return problemOf(value) === undefined;
}

/** Why a value is no flavor module; `undefined` when it is one. By shape: another copy of this package may have made it. */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it has no default export made by defineFlavor';
  if (!('create' in value) || typeof value.create !== 'function') return 'its default export has no create()';
  const manifest = 'manifest' in value ? value.manifest : undefined;
  if (typeof manifest !== 'object' || manifest === null) return 'its default export has no manifest';
  const version = 'apiVersion' in manifest ? manifest.apiVersion : undefined;
  if (version !== 1) return `its apiVersion is ${JSON.stringify(version)}, and this connector speaks version 1`;
  const schema = 'configSchema' in manifest ? manifest.configSchema : undefined;
  if (typeof schema !== 'object' || schema === null || !('~standard' in schema)) {
    return 'its manifest.configSchema is no Standard Schema';
  }
  return undefined;
}

import { dirname } from 'node:path';
import { hideWriteOnly } from '../config/flavor-options.js';
import { type LoadedConfig, type LoadOptions, type LoadResult, loadConfig as loadFile } from '../config/load-config.js';
import { loadFlavorModule } from './flavors/flavor-loader.js';

/**
 * Reads, resolves and validates a configuration file, for a program of one's own. Mistakes come back as issues, all of them at
 * once, in the order of the file; nothing is thrown for them. The modules of its flavors are loaded, for their schemas say which
 * options are secrets (`writeOnly`); what is wrong with a flavor is left for `start()` to say.
 *
 * @param file Path of a YAML file, as the operator gave it.
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadResult> {
  const loaded = await loadFile(file, options);
  if (loaded.ok) await Promise.all(Object.keys(loaded.config.flavors).map((name) => hideSecretsOf(loaded, name)));
  return loaded;
}

async function hideSecretsOf(loaded: LoadedConfig, name: string): Promise<void> {
  const use = loaded.config.flavors[name]?.use ?? '';
  try {
    const { manifest } = await loadFlavorModule(use, dirname(loaded.config.file));
    hideWriteOnly(loaded, name, manifest.configSchema['~standard'].jsonSchema.input({ target: 'draft-07' }));
  } catch {
    // A module that does not load, or no schema: the start fails, and says why.
  }
}

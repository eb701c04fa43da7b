import { dirname, sep } from 'node:path';

/**
 * Loads a package of CommonJS modules once more, beside the one that `require` and `import` give everybody in this process: what is
 * changed in the copy changes nobody else's. `load` requires the package and whatever of its modules is wanted; it has to be synchronous,
 * as nobody else may load anything meanwhile. Other packages that the package needs are shared.
 */
export function loadPrivateCopy<T>(require: NodeJS.Require, name: string, load: () => T): T {
  const { cache } = require;
  // All of it lies in the folder of its main module.
  const folder = dirname(require.resolve(name)) + sep;
  const own = () => Object.keys(cache).filter((path) => path.startsWith(folder));
  const shared = own().map((path) => [path, cache[path]] as const);
  for (const [path] of shared) delete cache[path];
  try {
    return load();
  } finally {
    for (const path of own()) delete cache[path];
    for (const [path, module] of shared) cache[path] = module;
  }
}

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isObject } from '../../base/is-object.js';

/** Conditions that hold for an `import` in Node.js ("Modules: Packages", conditional exports). */
const conditions: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default']);

/**
 * The file that `import` of a package would load in a module of `directory`. `require.resolve` alone would not find a
 * package that exports to `import` only, and `import.meta.resolve` takes no directory in Node 20.
 *
 * @throws what `require.resolve` throws when there is no such package or entry
 */
export function packageEntry(specifier: string, directory: string): string {
  const require = createRequire(join(directory, 'noop.js'));
  const [, name = specifier, rest = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier) ?? [];
  const manifests = (require.resolve.paths(specifier) ?? []).map((folder) => join(folder, name, 'package.json'));
  const manifest = manifests.find((file) => existsSync(file));
  if (manifest === undefined) return require.resolve(specifier);
  const content: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const target = isObject(content) ? exportOf(content['exports'], `.${rest}`) : undefined;
  // No `exports`, or a pattern among them: CommonJS resolves these in the same way.
  return target === undefined ? require.resolve(specifier) : join(dirname(manifest), target);
}

function exportOf(exports: unknown, subpath: string): string | undefined {
  const bySubpath = isObject(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  if (bySubpath) return targetOf(exports[subpath]);
  return subpath === '.' ? targetOf(exports) : undefined;
}

/** The first target whose conditions hold, in the order in which they are written. */
function targetOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  const branches = Array.isArray(target)
    ? target
    : isObject(target)
      ? Object.entries(target).flatMap(([condition, branch]) => (conditions.has(condition) ? [branch] : []))
      : [];
  for (const branch of branches) {
    const found = targetOf(branch);
    if (found !== undefined) return found;
  }
  return undefined;
}

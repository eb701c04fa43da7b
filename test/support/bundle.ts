import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { temporaryDirectory } from './temporary-directory.js';

/**
 * Turns a TypeScript file of this repository into a module that `node` runs by itself, for tests that need a process to
 * kill. Dependencies stay outside, found from the repository.
 *
 * @param entry Path from the root of the repository.
 * @returns Path of the module; it goes when the running test is over.
 */
export async function bundle(entry: string): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const outDir = temporaryDirectory();
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: join(root, entry),
      outDir,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { output: { entryFileNames: 'entry.mjs', format: 'es' } },
    },
  });
  return join(outDir, 'entry.mjs');
}

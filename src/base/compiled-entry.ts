/**
 * The compiled module that a thread of ours begins with: Node 20 starts none from TypeScript, so tests, which run on the
 * sources, take it from `dist`.
 *
 * @param path relative to `importer`, a module's `import.meta.url`; it ends in `.js`
 */
export function compiledEntry(path: string, importer: string): URL {
  return new URL(path, importer.endsWith('.ts') ? importer.replace('/src/', '/dist/src/') : importer);
}

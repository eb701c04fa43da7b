import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The add-on's sources, from the root of the repository or of the package; the first is compiled, and includes the others. */
const SOURCES = [
  'src/media/native/datagrams.cc',
  'src/media/native/datagram-sockets.h',
  'src/media/native/batch-ring.h',
] as const;

const FLAGS = ['-std=c++17', '-O2', '-shared', '-fPIC', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra'];

/**
 * Compiles the add-on to `output`, unless a newer one stands there: one call of the compiler (`CXX`, else `g++`) against
 * the headers of `node-api-headers`, or those that came with this Node. Throws with the compiler's words.
 *
 * @param root of the repository or the installed package
 */
export function buildNative(root: string, output: string): void {
  const source = join(root, SOURCES[0]);
  const changedMs = Math.max(...SOURCES.map((path) => statSync(join(root, path)).mtimeMs));
  if (existsSync(output) && statSync(output).mtimeMs > changedMs) return;
  mkdirSync(dirname(output), { recursive: true });
  // Renamed when it is whole: a process that has the old one open keeps it.
  const made = `${output}.${process.pid}`;
  const compiler = process.env['CXX'] ?? 'g++';
  const { status, stderr, error } = spawnSync(
    compiler,
    [...FLAGS, '-DNAPI_VERSION=8', '-I', headers(root), '-o', made, source],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${compiler} cannot build the add-on: ${error?.message ?? stderr}`);
  renameSync(made, output);
}

/** The interface is the same whatever Node they came with: `NAPI_VERSION` says which of it is used. */
function headers(root: string): string {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('node-api-headers/package.json');
    return join(dirname(manifest), 'include');
  } catch {
    const ofNode = join(dirname(process.execPath), '..', 'include', 'node');
    if (existsSync(join(ofNode, 'node_api.h'))) return ofNode;
    throw new Error(`the headers of Node are missing: install node-api-headers, or node_api.h in ${ofNode}`);
  }
}

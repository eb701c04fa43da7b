import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from this file built (`dist/test/bench`) or not (`test/bench`). */
const root = repositoryAbove(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'test/bench/c');
const built = join(root, '.tools/bench');

const provider = ['realtime-provider.c', 'provider-websocket.c', 'provider-transport.c'];

const programs = {
  load: { files: ['load.c', 'load-sip.c', 'load-media.c'], libraries: ['-lm'] },
  'reference-echo': { files: ['reference-echo.c'], libraries: [] },
  'realtime-provider': { files: provider, libraries: [] },
  /** Needs the headers of OpenSSL (Debian: libssl-dev). */
  'realtime-provider-tls': { files: provider, libraries: ['-DWITH_TLS', '-lssl', '-lcrypto'] },
} as const;

export type ProgramName = keyof typeof programs;

/** A program cannot be built here. */
export class BuildError extends Error {}

/** Path of a program in C, built with the system's `gcc` unless it stands there already. Throws {@link BuildError}. */
export function buildProgram(name: ProgramName): string {
  const { files, libraries } = programs[name];
  mkdirSync(built, { recursive: true });
  const path = join(built, `${name}-${fingerprint(files)}`);
  if (existsSync(path)) return path;
  const args = [
    '-O2',
    '-D_GNU_SOURCE',
    '-Wall',
    '-Wextra',
    '-o',
    path,
    ...files.map((file) => join(sources, file)),
    ...libraries,
  ];
  const { status, stderr, error } = spawnSync('gcc', args, { encoding: 'utf8' });
  if (status !== 0) throw new BuildError(`gcc cannot build ${name}: ${error?.message ?? stderr}`);
  return path;
}

/** `dist/src/cli.js`. */
export function cliPath(): string {
  const path = join(root, 'dist/src/cli.js');
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`npm run build\` first`);
  return path;
}

/** Path of a certificate, or key, of the tests: `server.crt` of `authority.crt`. */
export function tlsFile(name: string): string {
  return join(root, 'test/fixtures/tls', name);
}

/** A file of this folder that is not compiled. */
export function sourcePath(name: string): string {
  return join(root, 'test/bench', name);
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  const headers = readdirSync(sources).filter((file) => file.endsWith('.h'));
  for (const file of [...files, ...headers.sort()]) hash.update(readFileSync(join(sources, file)));
  return hash.digest('hex').slice(0, 12);
}

function repositoryAbove(directory: string): string {
  if (existsSync(join(directory, 'package.json')) && existsSync(join(directory, 'test/bench'))) return directory;
  const above = dirname(directory);
  if (above === directory) throw new Error('the bench runs in its repository alone');
  return repositoryAbove(above);
}

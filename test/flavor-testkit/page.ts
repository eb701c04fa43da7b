import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Packages that the connector's modules for flavors import at run time. */
const neighbours = ['zod', '@standard-schema', '@echogarden', 'eventsource-parser', 'undici', 'ws'];

/** The code blocks of a page that carry `file=NAME`, by name. */
export async function filesOf(page: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(repository, page), 'utf8');
  const files = new Map<string, string>();
  for (const [, name, code] of text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)) {
    if (name !== undefined && code !== undefined) files.set(name, code);
  }
  return files;
}

/**
 * A folder outside the repository with `files` in it and the connector installed beside them: compiled from the sources
 * as they stand, with the package.json that is published.
 */
export async function installedBeside(files: ReadonlyMap<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'voice-flavor-'));
  const connector = join(folder, 'node_modules/sip-voice-connector');
  await mkdir(connector, { recursive: true });
  for (const name of neighbours)
    await symlink(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  await writeFile(join(connector, 'package.json'), await readFile(join(repository, 'package.json')));
  const project = {
    extends: join(repository, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: false,
      sourceMap: false,
      rootDir: repository,
      outDir: join(connector, 'dist'),
      typeRoots: [join(repository, 'node_modules/@types')],
    },
    include: ['flavor-api', 'flavor-testkit', 'cascade'].map((room) => join(repository, 'src', room)),
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const compiled = await run(join(repository, 'node_modules/.bin/tsc'), ['-p', join(folder, 'tsconfig.json')], folder);
  if (compiled.status !== 0) throw new Error(`the sources do not compile:\n${compiled.output}`);
  await writeAll(folder, files);
  return folder;
}

/** Another folder with `files` in it, and what is installed in `folder` installed beside them. */
export async function sameInstallation(folder: string, files: ReadonlyMap<string, string>): Promise<string> {
  const other = await mkdtemp(join(tmpdir(), 'voice-flavor-'));
  await symlink(join(folder, 'node_modules'), join(other, 'node_modules'));
  await writeAll(other, files);
  return other;
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, code] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), code);
  }
}

export interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** Runs a command and waits for it; what it printed on either stream. */
export function run(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
    execFile(command, args, { cwd, env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ status, output: `${stdout}${stderr}` });
    });
  });
}

import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Programs from Debian that tests drive. A test asks {@link findTool} for one; `install.mjs` provides them beforehand.
 *
 * @typedef {'sipp' | 'baresip' | 'openssl' | 'pocketsphinx_continuous'} ToolName
 *
 * @typedef {object} Tool
 * @property {string} command Absolute path of the executable.
 * @property {NodeJS.ProcessEnv} env Environment to run it with: where it was unpacked privately, its libraries are found.
 * @property {string} root Directory that `usr/` of its package lies in: `/` for an installed one.
 */

/** Debian package of each tool, by the name of the executable. */
export const toolPackages = /** @type {const} */ ({
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  openssl: 'openssl',
  pocketsphinx_continuous: 'pocketsphinx',
});

/** Tools of the tests, in the order they are installed. Measurements may ask for more. */
export const toolNames = /** @type {ToolName[]} */ (['sipp', 'baresip', 'openssl']);

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Where tools are unpacked when they cannot be installed: one root per package. */
export const privateToolsDirectory = join(repository, '.tools', 'root');

/**
 * @param {string} file
 * @returns {boolean} Whether it is a file that this user may execute.
 */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The library directories of an unpacked package tree: `usr/lib/<triplet>`, `lib/<triplet>`, what Debian's alternatives
 * would choose below them, and their parents.
 *
 * @param {string} root
 * @returns {string[]}
 */
function libraryDirectories(root) {
  return ['usr/lib', 'lib', 'usr/local/lib']
    .map((directory) => join(root, directory))
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => [
      ...readdirSync(directory)
        .filter((name) => /-linux-gnu/.test(name))
        .flatMap((name) => [name, join(name, 'blas'), join(name, 'lapack')].map((path) => join(directory, path))),
      directory,
    ])
    .filter((directory) => existsSync(directory));
}

/**
 * Looks on PATH, then among the privately unpacked tools.
 *
 * @param {ToolName} name
 * @param {{ env?: NodeJS.ProcessEnv, privateDirectory?: string }} [options]
 * @returns {Tool | undefined}
 */
export function lookForTool(name, options = {}) {
  const env = options.env ?? process.env;
  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    const command = join(directory, name);
    if (directory !== '' && isExecutable(command))
      return { command, env: { ...env }, root: dirname(dirname(directory)) };
  }
  const root = join(options.privateDirectory ?? privateToolsDirectory, toolPackages[name]);
  const command = join(root, 'usr/bin', name);
  if (!isExecutable(command)) return undefined;
  const libraries = [...libraryDirectories(root), env['LD_LIBRARY_PATH']].filter((path) => path);
  return {
    command,
    env: {
      ...env,
      PATH: [join(root, 'usr/bin'), env['PATH']].filter((path) => path).join(delimiter),
      LD_LIBRARY_PATH: libraries.join(delimiter),
    },
    root,
  };
}

/**
 * A tool that a test cannot do without.
 *
 * @param {ToolName} name
 * @returns {Tool}
 * @throws {Error} that names the missing tool, its package and what to do.
 */
export function findTool(name) {
  const tool = lookForTool(name);
  if (tool) return tool;
  throw new Error(
    `${name} is missing: it is neither on PATH nor under ${privateToolsDirectory}. ` +
      `Run \`node test/tools/install.mjs\`, or install the Debian package ${toolPackages[name]}.`,
  );
}

/**
 * Where baresip's modules lie: beside the tool, in whichever of Debian's places.
 *
 * @param {Tool} baresip
 * @returns {string}
 */
export function baresipModules(baresip) {
  const candidates = [...libraryDirectories(baresip.root), ...libraryDirectories('/')].map((directory) =>
    join(directory, 'baresip', 'modules'),
  );
  const found = candidates.find((directory) => existsSync(join(directory, 'account.so')));
  if (found === undefined) throw new Error(`baresip's modules are missing: looked in ${candidates.join(', ')}`);
  return found;
}

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Options that keep apt from asking, and from waiting for ever on a dead mirror. */
const APT_OPTIONS = [
  '-q',
  '-y',
  '-o',
  'Acquire::Retries=2',
  '-o',
  'Acquire::http::Timeout=30',
  '-o',
  'DPkg::Lock::Timeout=120',
];

/** Enough of a failed command's output to see why. */
const ERROR_LINES = 6;

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<string>} What it wrote, standard output first.
 * @throws {Error} with the command and what it complained of, when it cannot be run or fails.
 */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) return resolve(`${output}${errors}`);
      const said = complaints(errors) || errors.trim().split('\n').slice(-ERROR_LINES).join('\n  ');
      reject(
        new Error(
          `\`${[command, ...args.filter((arg) => !arg.includes('::') && arg !== '-o')].join(' ')}\` ended with code ${code}:\n  ${said}`,
        ),
      );
    });
  });
}

/**
 * The errors and warnings in what apt wrote, at most {@link ERROR_LINES} lines.
 *
 * @param {string} output
 * @returns {string}
 */
function complaints(output) {
  const lines = output.split('\n').filter((line) => /^[EW]: /.test(line));
  return lines.slice(-ERROR_LINES).join('\n  ');
}

/**
 * `apt-get update` succeeds although no mirror could be reached: its warnings are the reason for what fails next.
 *
 * @template T
 * @param {readonly string[]} options
 * @param {() => Promise<T>} next What needs the lists.
 * @returns {Promise<T>}
 */
async function afterUpdate(options, next) {
  const warnings = complaints(await run('apt-get', [...options, 'update']));
  try {
    return await next();
  } catch (error) {
    if (warnings === '' || !(error instanceof Error)) throw error;
    throw new Error(`${error.message}\n  apt-get update had said:\n  ${warnings}`);
  }
}

/**
 * Installs a package for the whole system; needs root. Package lists are fetched only when the ones there do not do.
 *
 * @param {string} name
 * @param {(step: string) => void} onStep Told what is being done.
 */
export async function installAsRoot(name, onStep) {
  const install = [...APT_OPTIONS, 'install', '--no-install-recommends', name];
  try {
    onStep(`apt-get install ${name}`);
    await run('apt-get', install);
  } catch {
    // No lists yet, or lists that name versions the mirror no longer has.
    onStep('apt-get update');
    await afterUpdate(APT_OPTIONS, () => {
      onStep(`apt-get install ${name}`);
      return run('apt-get', install);
    });
  }
}

/**
 * Unpacks a package, and what of its dependencies the system lacks, below `directory/<name>`; needs no rights beyond
 * writing there. The tree appears complete or not at all.
 *
 * @param {string} name
 * @param {{ directory: string, aptDirectory: string }} paths `aptDirectory` keeps apt's own lists between packages.
 * @param {(step: string) => void} onStep Told what is being done.
 */
export async function unpackPrivately(name, paths, onStep) {
  const state = join(paths.aptDirectory, 'state');
  const cache = join(paths.aptDirectory, 'cache');
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  mkdirSync(paths.directory, { recursive: true });
  const options = [
    ...APT_OPTIONS,
    ...['-o', `Dir::State=${state}`, '-o', `Dir::Cache=${cache}`],
    // What is installed already need not be fetched.
    ...['-o', 'Dir::State::status=/var/lib/dpkg/status'],
  ];

  const closure = async () => {
    const plan = await run('apt-get', [...options, '--simulate', 'install', '--no-install-recommends', name]);
    return [...plan.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)/gm)].map(
      ([, wanted, version]) => `${wanted}=${version}`,
    );
  };
  const listsThere = readdirSync(join(state, 'lists')).some((file) => file.endsWith('_Packages'));
  const archives = mkdtempSync(join(paths.aptDirectory, `${name}-`));
  const root = join(archives, 'root');
  try {
    const download = async () => {
      const packages = await closure();
      onStep(`downloading ${name} and ${packages.length - 1} packages it needs`);
      await run('apt-get', [...options, 'download', ...packages], { cwd: archives });
    };
    const downloadAfterUpdate = () => {
      onStep('apt-get update with lists of our own');
      return afterUpdate(options, download);
    };
    // Lists of an earlier run may name versions the mirror no longer has.
    await (listsThere ? download().catch(downloadAfterUpdate) : downloadAfterUpdate());
    onStep(`unpacking ${name}`);
    for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
      await run('dpkg', ['-x', file, root], { cwd: archives });
    }
    const target = join(paths.directory, name);
    rmSync(target, { recursive: true, force: true });
    renameSync(root, target);
  } finally {
    rmSync(archives, { recursive: true, force: true });
  }
}

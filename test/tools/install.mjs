import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installAsRoot, unpackPrivately } from './apt.mjs';
import { lookForTool, privateToolsDirectory, toolNames, toolPackages } from './tools.mjs';

/** Progress is worth a line when something takes longer than this, and then as often. */
const PROGRESS_MS = 1_000;

/**
 * Provides every tool of the tests that is missing: with `apt-get install` as root, else unpacked below `.tools/` without any rights.
 *
 * @param {(line: string) => void} print Progress, at most about a line a second; nothing when all is there.
 * @returns {Promise<string[]>} One message for each tool that is still missing: its name, the reason and what to do.
 */
export async function installTools(print) {
  const failures = [];
  for (const name of toolNames) {
    if (lookForTool(name)) continue;
    const failure = await installPackage(name, toolPackages[name], () => lookForTool(name) !== undefined, print);
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

/**
 * @param {string} name What messages call it.
 * @param {string} packageName
 * @param {() => boolean} isThere Whether the package has brought what it is installed for.
 * @param {(line: string) => void} print
 * @returns {Promise<string | undefined>} Why it is still missing.
 */
export async function installPackage(name, packageName, isThere, print) {
  const startedAt = Date.now();
  let step = '';
  const progress = setInterval(() => {
    print(`${name}: ${step} (${Math.round((Date.now() - startedAt) / 1_000)} s)`);
  }, PROGRESS_MS);
  /** @param {string} next */
  const onStep = (next) => {
    step = next;
  };
  try {
    if (process.getuid?.() === 0) await installAsRoot(packageName, onStep);
    else {
      const aptDirectory = join(privateToolsDirectory, '..', 'apt');
      await unpackPrivately(packageName, { directory: privateToolsDirectory, aptDirectory }, onStep);
    }
    if (!isThere()) throw new Error(`the package ${packageName} did not bring it`);
    print(`${name}: ready`);
    return undefined;
  } catch (error) {
    return (
      `${name} is missing and could not be provided: ${error instanceof Error ? error.message : String(error)}\n` +
      `  Install the Debian package ${packageName} by hand.`
    );
  } finally {
    clearInterval(progress);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const failures = await installTools((line) => process.stdout.write(`${line}\n`));
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installPackage } from './install.mjs';
import { lookForTool, privateToolsDirectory, toolPackages } from './tools.mjs';

/** Debian package of the acoustic model and the dictionary, and where it puts them. */
const modelPackage = 'pocketsphinx-en-us';
const modelPath = 'usr/share/pocketsphinx/model/en-us';

/**
 * CMU PocketSphinx with its model of American English, for measurements that want real recognition.
 *
 * @typedef {object} Sphinx
 * @property {string} command
 * @property {string | undefined} libraryPath `LD_LIBRARY_PATH` to run it with, where it was unpacked privately.
 * @property {string} model Folder with `en-us` (the acoustic model, 16 kHz) and `cmudict-en-us.dict`.
 */

/** @returns {Sphinx | undefined} What is installed, for the system or below `.tools/`. */
export function lookForSphinx() {
  const tool = lookForTool('pocketsphinx_continuous');
  const model = ['/', join(privateToolsDirectory, modelPackage)]
    .map((root) => join(root, modelPath))
    .find((path) => existsSync(join(path, 'cmudict-en-us.dict')));
  return tool && model ? { command: tool.command, libraryPath: tool.env['LD_LIBRARY_PATH'], model } : undefined;
}

/**
 * Installs what is missing of it, as {@link import('./install.mjs').installTools} does: some 30 MB.
 *
 * @param {(line: string) => void} print Progress.
 * @returns {Promise<Sphinx>}
 * @throws {Error} that says why it could not be installed, and what to do.
 */
export async function provideSphinx(print) {
  const there = lookForSphinx();
  if (there) return there;
  const hasProgram = () => lookForTool('pocketsphinx_continuous') !== undefined;
  const failures = [
    hasProgram()
      ? undefined
      : await installPackage('pocketsphinx', toolPackages.pocketsphinx_continuous, hasProgram, print),
    await installPackage('the model of pocketsphinx', modelPackage, () => lookForSphinx() !== undefined, print),
  ];
  const sphinx = lookForSphinx();
  if (sphinx) return sphinx;
  throw new Error(failures.filter((failure) => failure !== undefined).join('\n'));
}

import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.js';
import { loadProblem } from './datagrams.js';

/** `npm run build:native`, in `dist/src/media/native`: of the repository, or of the installed package. */

const root = fileURLToPath(new URL('../../../..', import.meta.url));
try {
  const output = fileURLToPath(new URL('../../../native/media-datagrams.node', import.meta.url));
  buildNative(root, output);
  const problem = loadProblem(output);
  if (problem !== undefined) throw new Error(problem);
  process.stdout.write(`built ${output}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

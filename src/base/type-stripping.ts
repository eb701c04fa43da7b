import { extname } from 'node:path';

const TYPESCRIPT: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts']);

/**
 * Why this Node.js cannot run a module of the operator's; `undefined` when it can, as far as its name tells.
 *
 * @param stripsTypes whether this Node.js runs TypeScript (22.18, 24 and later)
 */
export function typeScriptProblem(path: string, stripsTypes = canStripTypes()): string | undefined {
  if (!TYPESCRIPT.has(extname(path)) || stripsTypes) return undefined;
  return `${path} is TypeScript, which Node.js runs from 22.18 on; this is ${process.version}: compile it first`;
}

function canStripTypes(): boolean {
  const features: object = process.features;
  return 'typescript' in features && Boolean(features.typescript);
}

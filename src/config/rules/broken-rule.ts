import type { IssueOptions } from '../reading/config-document.js';
import { type ConfigPath, valueAt } from '../reading/config-path.js';
import { suggest } from '../reading/suggest.js';

/** A rule that the file breaks. */
export interface BrokenRule extends IssueOptions {
  readonly path: ConfigPath;
  readonly message: string;
}

/** Names that other keys refer to, those included whose own section has mistakes. */
export interface FileNames {
  readonly flavors: readonly string[];
  readonly tools: readonly string[];
  readonly targets: readonly string[];
  readonly trunks: readonly string[];
}

/**
 * A name that nothing has.
 *
 * @param plural What the names are, such as `flavors`.
 * @param section Where they are defined.
 */
export function unknownName(
  path: ConfigPath,
  name: string,
  known: readonly string[],
  { singular, plural, section }: { readonly singular: string; readonly plural: string; readonly section: string },
): BrokenRule {
  const meant = suggest(name, known);
  const list = known.length === 0 ? `${section} is empty` : `the ${plural} are ${known.join(', ')}`;
  return {
    path,
    message: `no ${singular} has this name`,
    help: meant === undefined ? list : `did you mean "${meant}"?`,
  };
}

/** A key that is there, though its value may not be: a variable that is not set is told of as such. */
export function isWritten(written: unknown, path: ConfigPath): boolean {
  return Object.hasOwn(Object(valueAt(written, path.slice(0, -1))), path.at(-1) ?? '');
}

/** A trunk that is not there; one with mistakes of its own is. */
export function unknownTrunk(path: ConfigPath, trunk: string, { trunks }: FileNames): BrokenRule[] {
  if (trunks.includes(trunk)) return [];
  return [{ path, message: 'there is no trunk of this name', help: `trunks has ${trunks.join(', ') || 'none'}` }];
}

/** Entries of a list that are there before. */
export function repeated(path: ConfigPath, list: readonly string[]): BrokenRule[] {
  return list.flatMap((name, index) =>
    list.indexOf(name) === index ? [] : [{ path: [...path, index], message: 'this name is listed twice' }],
  );
}

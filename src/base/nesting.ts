/** What honest JSON of tools, schemas and settings never needs; a dozen levels is a lot. */
const MAX_LEVELS = 64;

/**
 * Whether objects and lists stand within one another more than 64 deep. `JSON.parse` reads any depth: ten kilobytes of
 * brackets become a value that ends whoever walks it by recursion, `JSON.stringify` and `structuredClone` among them,
 * with a RangeError. Goes no deeper than that itself.
 */
export function isNestedTooDeep(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isNestedTooDeep(part, levels - 1));
}

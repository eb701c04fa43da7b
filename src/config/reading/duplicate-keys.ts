import { type Document, isScalar, visit } from 'yaml';

/** Where a key stands that its map has already, from its first character to the one after its last. */
export function duplicateKeys(tree: Document.Parsed): readonly (readonly [start: number, end: number])[] {
  const places: (readonly [number, number])[] = [];
  visit(tree, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value) && key.range) places.push([key.range[0], key.range[1]]);
        seen.add(key.value);
      }
    },
  });
  return places;
}

/**
 * Keys and values that the design has and this version has not. They are refused by name, never ignored: an operator
 * who asks for authentication must not get a connector without it. Paths as `formatPath` writes them, list indexes
 * left out. The text says what to do instead.
 */
const notBuiltKeys: ReadonlyMap<string, string> = new Map([
  ['recording.announce', 'let the route greet with the announcement: greeting'],
]);

/** None at present. */
const notBuiltValues: ReadonlyMap<string, readonly string[]> = new Map();

/** What to do instead of a key that is not built yet; `undefined` for any other key. */
export function notBuiltKey(path: string): string | undefined {
  return notBuiltKeys.get(withoutIndexes(path));
}

/** Whether a value is one that a later version will take. */
export function isNotBuiltValue(path: string, value: unknown): boolean {
  return notBuiltValues.get(withoutIndexes(path))?.some((name) => name === value) ?? false;
}

function withoutIndexes(path: string): string {
  return path.replace(/\[\d+\]/g, '[]');
}

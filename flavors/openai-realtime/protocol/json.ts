/** Something of the outside world that is an object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member if it is an object, else an empty one. */
export function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

/** The member if it is text, else ''. */
export function textIn(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}

/** The arguments of a call: JSON in a text, '' if there are none. Some servers send what the text would stand for. */
export function argumentsIn(object: JsonObject): string {
  const value = object['arguments'] ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The member if it is a finite number that is not negative, else 0. */
export function countIn(object: JsonObject, key: string): number {
  const value = object[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}

/** `text` as JSON, or `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

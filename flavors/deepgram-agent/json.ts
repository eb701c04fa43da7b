/** Something of the outside world that is an object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

/** `text` as a JSON object, or `undefined` when it is none. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Longest result that a model is given, characters. */
const MAX_OUTPUT = 64_000;

/** A tool's result as a model reads it: text as it is, anything else as JSON, not longer than it can be expected to. */
export function toolOutput({ output, error }: { readonly output?: unknown; readonly error?: string }): string {
  const text = error !== undefined ? error : typeof output === 'string' ? output : jsonOf(output ?? null);
  if (text.length <= MAX_OUTPUT) return text;
  return jsonOf({ truncated: true, beginning: text.slice(0, MAX_OUTPUT / 2) });
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return '{"error":"the result cannot be written as JSON"}';
  }
}

/** Longest output of a tool, characters of text or JSON: what a model can use, and what a token budget bears. */
export const MAX_OUTPUT_CHARS = 8192;
const MAX_ERROR_CHARS = 500;
const CUT = ' … (cut)';

/**
 * What a tool gave back, made fit for a model: JSON of bounded size, without control characters. What is longer becomes
 * a text that says it was cut. Throws a TypeError for what is not JSON (cycles, BigInt).
 */
export function fitOutput(output: unknown, maxChars = MAX_OUTPUT_CHARS): unknown {
  if (typeof output === 'string') return cut(cleanText(output), maxChars);
  const text = JSON.stringify(output, (_key, value: unknown) => clean(value));
  if (text === undefined) return null;
  return text.length <= maxChars ? JSON.parse(text) : cut(text, maxChars);
}

/** A sentence about a failure, made fit for a model. */
export function fitError(message: string): string {
  return cut(cleanText(message), MAX_ERROR_CHARS) || 'The tool failed.';
}

/** Names in an object are texts as well. */
function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (entries.every(([name]) => cleanText(name) === name)) return value;
  return Object.fromEntries(entries.map(([name, item]) => [cleanText(name), item]));
}

/** Control characters but tabs and line feeds, and halves of surrogate pairs, are nothing to talk about. */
function cleanText(text: string): string {
  return text.replace(/[\p{Cc}\p{Surrogate}]/gu, (character) =>
    character === '\n' || character === '\t' ? character : '',
  );
}

function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  // Half of a pair at the edge would be one of those that were just removed.
  return cleanText(text.slice(0, maxChars - CUT.length)) + CUT;
}

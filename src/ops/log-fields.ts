import { errorCode } from '../base/connector-error.js';

/** Limits of one log line, so that nothing a peer sends can fill a disk. */
export const logFieldDefaults = {
  maxDepth: 5,
  maxEntries: 50,
  maxCharacters: 2000,
} as const satisfies { maxDepth: number; maxEntries: number; maxCharacters: number };

/**
 * A copy of `value` fit for a log line: every string through `redact` and cut to a length, errors as type, code, message,
 * stack and cause, bytes as their count only, cycles and depths cut off. Never throws.
 */
export function logFields(value: unknown, redact: (text: string) => string): unknown {
  return copy(value, redact, 0, new Set());
}

function copy(value: unknown, redact: (text: string) => string, depth: number, above: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return cut(redact(value));
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (above.has(value)) return '[circular]';
  if (depth > logFieldDefaults.maxDepth) return '[too deep]';
  try {
    above.add(value);
    return copyObject(value, (inner) => copy(inner, redact, depth + 1, above));
  } catch {
    // A getter or proxy of somebody else's object.
    return '[unreadable]';
  } finally {
    above.delete(value);
  }
}

function copyObject(value: object, inner: (value: unknown) => unknown): unknown {
  if (value instanceof Error) {
    return inner({
      type: value.name,
      code: errorCode(value),
      message: value.message,
      stack: value.stack,
      cause: value.cause,
    });
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return inner(value.href);
  if (value instanceof Map) return copyObject(Object.fromEntries(value), inner);
  const items = Array.isArray(value) ? value : value instanceof Set ? [...value] : undefined;
  if (items) return items.slice(0, logFieldDefaults.maxEntries).map(inner);
  const fields: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value).slice(0, logFieldDefaults.maxEntries)) {
    if (field !== undefined) fields[key] = inner(field);
  }
  return fields;
}

function cut(text: string): string {
  const { maxCharacters } = logFieldDefaults;
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}… (${text.length} characters)` : text;
}

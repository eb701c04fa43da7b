import { type FlavorErrorCode, flavorErrorCodes } from '../../flavor-api/index.js';
import { type CheckContext, expect } from '../check.js';
import { outcome } from '../pacer.js';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Schemas beside a JSON Schema of which a value may have to keep one, or all. */
export function kindsOf(schema: Record<string, unknown>): readonly unknown[] {
  const lists = ['oneOf', 'anyOf', 'allOf'].map((keyword) => schema[keyword]);
  return lists.flatMap((list: unknown) => (Array.isArray(list) ? (list as readonly unknown[]) : []));
}

/** What `promise` rejects with; an error of our own when it does not. */
export async function rejection(promise: Promise<unknown>, what: string, context: CheckContext): Promise<unknown> {
  const result = await outcome(promise, context.deadlines.faultMs);
  if (result.state === 'rejected') return result.error;
  throw new Error(`${what}: ${result.state === 'resolved' ? 'resolved' : 'neither resolved nor rejected in time'}`);
}

/** Throws unless `error` is a `FlavorError`, by its shape, with that code. */
export function requireCode(error: unknown, code: FlavorErrorCode, what: string): void {
  const shape = flavorErrorOf(error);
  expect(shape !== undefined, `${what}: expected a FlavorError with ${code}, got ${String(error)}`);
  expect(shape.code === code, `${what}: expected ${code}, got ${shape.code}`);
}

/** The host's view of an error: it goes by `code` and `retryable`, never by class. */
export function flavorErrorOf(
  error: unknown,
): { readonly code: FlavorErrorCode; readonly retryable: boolean; readonly message: string } | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('retryable' in error)) return undefined;
  const code = flavorErrorCodes.find((known) => known === error.code);
  if (code === undefined || typeof error.retryable !== 'boolean') return undefined;
  return { code, retryable: error.retryable, message: error.message };
}

/** Words for comparison: lower case, letters and digits only, single spaces. */
export function plainWords(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Throws for the first method that threw though it must not. */
export function requireNothingThrown(thrown: readonly { readonly method: string; readonly error: unknown }[]): void {
  const [first] = thrown;
  if (first) throw new Error(`${first.method}() threw: ${String(first.error)}`, { cause: first.error });
}

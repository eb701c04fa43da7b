/**
 * Closes a `switch` over a discriminated union: reaching it means a variant was added and a case forgotten, or that it came
 * from somebody's JavaScript. The message, which goes to logs, has nothing of it but its type.
 */
export function assertUnreachable(value: never): never {
  const variant: unknown = value;
  const type: unknown = typeof variant === 'object' && variant !== null && 'type' in variant ? variant.type : variant;
  throw new TypeError(`unreachable variant: ${typeof type === 'string' ? type.slice(0, 64) : typeof type}`);
}

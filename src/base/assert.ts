/** Closes a `switch` over a discriminated union: reaching it means a variant was added and a case forgotten. */
export function assertUnreachable(value: never): never {
  throw new TypeError(`unreachable variant: ${JSON.stringify(value)}`);
}

/**
 * Where a connection was to go that was not made, as errors of Node's say it: ` at 127.0.0.1:8000`, ` at no.example`;
 * empty where they do not.
 */
export function unreachedPlace(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    // Of a name with several addresses there is one error for each.
    const one: unknown = at instanceof AggregateError ? at.errors[0] : at;
    if (!(one instanceof Error)) continue;
    if ('hostname' in one && typeof one.hostname === 'string') return ` at ${one.hostname}`;
    if ('address' in one && 'port' in one && typeof one.address === 'string') {
      const host = one.address.includes(':') ? `[${one.address}]` : one.address;
      return ` at ${host}:${String(one.port)}`;
    }
  }
  return '';
}

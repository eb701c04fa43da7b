/** Why the service does not do what it was asked: the `error` object of an `error` event. */
export interface Refusal {
  readonly type: 'invalid_request_error' | 'server_error';
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
}

/** A mistake of the client's. */
export function refusal(code: string | null, message: string, param: string | null = null): Refusal {
  return { type: 'invalid_request_error', code, message, param };
}

/** A value that is none of those allowed. */
export function invalidValue(value: unknown, supported: readonly string[], param: string): Refusal {
  return refusal(
    'invalid_value',
    `Invalid value: '${String(value)}'. Supported values are: ${listOf(supported)}.`,
    param,
  );
}

export function missingParameter(param: string): Refusal {
  return refusal('missing_required_parameter', `Missing required parameter: '${param}'.`, param);
}

/** `'a', 'b', and 'c'`. */
function listOf(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  if (quoted.length < 3) return quoted.join(' and ');
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
}

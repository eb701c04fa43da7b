/** Longest text that one variable puts into a template, characters. */
const MAX_VALUE_LENGTH = 512;

/** Header fields that carry proofs of identity: never shown to a flavor, never put into a text. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);

const PLACEHOLDER = /\{\{[ \t]*([\w.-]{1,128})[ \t]*\}\}/g;

/** Whether a header field may leave SIP at all. `name` in any case. */
export function isCredentialHeader(name: string): boolean {
  return CREDENTIAL_HEADERS.has(name.toLowerCase());
}

/** What a call knows that a text may mention. */
export interface CallFacts {
  /** Users of the From URI and of the dialled number. */
  readonly from: string;
  readonly to: string;
  /** Header fields by lower-case name; the first value of each counts. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/**
 * The variables of one call: the route's own, `from`, `to`, and `sip.<Header-Name>` for every header field but those
 * that carry credentials. Names under `sip.` are found in any case.
 */
export function callVariables(
  routeVariables: Readonly<Record<string, string>>,
  facts: CallFacts,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [name, values] of facts.headers) {
    if (!isCredentialHeader(name)) variables.set(`sip.${name.toLowerCase()}`, values[0] ?? '');
  }
  variables.set('from', facts.from).set('to', facts.to);
  for (const [name, value] of Object.entries(routeVariables)) variables.set(name, value);
  return variables;
}

export interface RenderedText {
  readonly text: string;
  /** Names that had no value and left nothing behind, each once. */
  readonly missing: readonly string[];
}

/**
 * Fills in `{{name}}`. One pass and no language: a value that looks like a placeholder stays what it is. Control
 * characters become blanks and long values are cut, since a header field is a stranger's text on its way to a model.
 */
export function renderTemplate(text: string, variables: ReadonlyMap<string, string>): RenderedText {
  const missing = new Set<string>();
  const rendered = text.replace(PLACEHOLDER, (_placeholder, name: string) => {
    const value = variables.get(variableKey(name));
    if (value === undefined) missing.add(name);
    return cleanValue(value ?? '');
  });
  return { text: rendered, missing: [...missing] };
}

/** Names of the placeholders in a text, each once. */
export function placeholders(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name = '']) => name))];
}

function variableKey(name: string): string {
  return /^sip\./i.test(name) ? name.toLowerCase() : name;
}

/** A stranger's text made fit for a text of ours: at most 512 characters, control characters as blanks. */
export function cleanValue(value: string): string {
  const cut = value.slice(0, MAX_VALUE_LENGTH);
  return cut.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(/\p{Surrogate}/gu, '');
}

/** A piece of a text with references in it. */
export type TextPart =
  | { readonly kind: 'literal'; readonly text: string }
  /** `${NAME}` or `${NAME:-default}`; the default also stands in for an empty variable, as in a shell. */
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | undefined }
  /** `${file:/path}` */
  | { readonly kind: 'file'; readonly path: string };

/** Why a text cannot be read, and what to do. */
export interface ReferenceProblem {
  readonly problem: string;
  readonly help: string;
}

const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;
const ESCAPE_HELP = `write $\${ for the two characters \${ themselves`;

/**
 * Splits a text of the configuration at its references. `$${` is a literal `${`. What a reference resolves to is never
 * looked at again: neither as YAML nor for further references.
 */
export function parseReferences(text: string): readonly TextPart[] | ReferenceProblem {
  const parts: TextPart[] = [];
  let literal = '';
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf('$', position);
    if (dollar < 0) break;
    literal += text.slice(position, dollar);
    if (text.startsWith('$${', dollar)) {
      literal += '${';
      position = dollar + 3;
    } else if (text.startsWith('${', dollar)) {
      const end = text.indexOf('}', dollar);
      if (end < 0) return { problem: `"\${" without its "}"`, help: ESCAPE_HELP };
      const reference = readReference(text.slice(dollar + 2, end));
      if ('problem' in reference) return reference;
      if (literal !== '') parts.push({ kind: 'literal', text: literal });
      literal = '';
      parts.push(reference);
      position = end + 1;
    } else {
      literal += '$';
      position = dollar + 1;
    }
  }
  literal += text.slice(position);
  if (literal !== '') parts.push({ kind: 'literal', text: literal });
  return parts;
}

function readReference(inner: string): TextPart | ReferenceProblem {
  if (inner.includes('${')) {
    return { problem: 'a reference inside a reference', help: 'set one variable before the connector starts' };
  }
  if (inner.startsWith('file:')) {
    const path = inner.slice('file:'.length).trim();
    if (path !== '') return { kind: 'file', path };
    return { problem: `"\${file:}" names no file`, help: `write \${file:/run/secrets/name}` };
  }
  const variable = VARIABLE.exec(inner);
  if (!variable?.[1]) {
    return {
      problem: 'this is no reference',
      help: `write \${NAME}, \${NAME:-default} or \${file:/path}; ${ESCAPE_HELP}`,
    };
  }
  return { kind: 'variable', name: variable[1], fallback: variable[2] };
}

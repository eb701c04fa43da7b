/** One import of a module: a statement, `import(...)`, `import('...').Type` or `require(...)`. */
export interface SourceImport {
  /** As written; `undefined` where it is computed at run time. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** `types` are gone at run time; `static` loads with the file, `dynamic` when it is asked for. */
  readonly kind: 'types' | 'static' | 'dynamic';
}

/** Statements begin a line, so a sentence or an example in a comment (which begins with `*` or `//`) is not one. */
const STATEMENT = /^[ \t]*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const CALL = /\b(?:import|require)\s*\(\s*(?:(['"`])([^'"`\n]+)\1\s*[,)]|(?=[^)\s]))/g;
const COMMENT_LINE = /^\s*(?:\*|\/\*|\/\/)/;

/**
 * All imports of a TypeScript source, type-only and dynamic ones included. Works on text that a formatter has been
 * over; no compiler API is at hand (TypeScript 7 has none).
 */
export function importsOf(source: string): readonly SourceImport[] {
  const lines = source.split('\n');
  const lineAt = (index: number): number => source.slice(0, index).split('\n').length;
  const statements = [...source.matchAll(STATEMENT)].map((match) => ({
    specifier: match[2],
    line: lineAt(match.index + match[0].length),
    kind: /^\s*(?:import|export)\s+type\b/.test(match[0]) ? ('types' as const) : ('static' as const),
  }));
  const calls = [...source.matchAll(CALL)]
    .map((match) => ({ specifier: match[2], line: lineAt(match.index), kind: 'dynamic' as const }))
    .filter(({ line }) => !COMMENT_LINE.test(lines[line - 1] ?? ''));
  return [...statements, ...calls].sort((a, b) => a.line - b.line);
}

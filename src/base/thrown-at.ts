/** A line of a stack: `at f (file:///srv/a.mjs:3:7)`, `at async /srv/a.cjs:3:7`; not those of Node.js itself. */
const FRAME = /^\s+at (?:async )?(?:.*\()?(?:file:\/\/)?(\/[^()\n]*:\d+:\d+)\)?$/m;
/** What stands above the stack of a module that Node.js cannot read: `file:///srv/a.mjs:3`. */
const UNREADABLE = /^(?:file:\/\/)?(\/[^\n]*:\d+)\n/;

/**
 * Where something was thrown, for its author: the file, line and column of a module of somebody else's. `undefined` where
 * nobody knows, as of a syntax error in an ES module.
 */
export function thrownAt(error: unknown): string | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  if (typeof stack !== 'string') return undefined;
  return (UNREADABLE.exec(stack) ?? FRAME.exec(stack))?.[1];
}

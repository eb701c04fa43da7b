import type { SourceFile } from './arrows.js';
import { resolveRelative } from './arrows.js';
import { importsOf } from './source-imports.js';

/**
 * Files that import each other in a loop, types included: each loop as the sorted paths of its files. By Tarjan's strongly
 * connected components ("Depth-first search and linear graph algorithms", 1972).
 */
export function circles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const graph = new Map(files.map((file) => [file.path, neighboursOf(file)]));
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): number => {
    const number = order.size;
    order.set(path, number);
    stack.push(path);
    let lowest = number;
    for (const next of graph.get(path) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, low.get(next) ?? (order.get(next) as number));
    }
    low.set(path, lowest);
    if (lowest === number) {
      const circle = stack.splice(stack.indexOf(path));
      if (circle.length > 1 || graph.get(path)?.includes(path)) found.push(circle.sort());
    }
    return lowest;
  };
  for (const path of graph.keys()) if (!order.has(path)) visit(path);
  return found;
}

function neighboursOf({ path, text }: SourceFile): readonly string[] {
  return importsOf(text)
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier?.startsWith('.') === true)
    .map((specifier) => resolveRelative(path, specifier as string));
}

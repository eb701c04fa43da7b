import type { SourceFile } from './arrows.js';
import { resolveRelative } from './arrows.js';
import { importsOf } from './source-imports.js';

/** Files that import each other in a loop, types included: each loop as the sorted paths of its files. */
export function circles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  return circlesOf(new Map(files.map((file) => [file.path, neighboursOf(file)])));
}

/**
 * The same of what stands in a folder: its folders, each as a whole, and its files.
 *
 * @param root ends in `/`
 */
export function folderCircles(files: readonly SourceFile[], root: string): readonly (readonly string[])[] {
  const placeOf = (path: string): string => root + path.slice(root.length).split('/')[0];
  const graph = new Map<string, string[]>();
  for (const file of files) {
    if (!file.path.startsWith(root)) continue;
    const place = placeOf(file.path);
    const others = neighboursOf(file).filter((path) => path.startsWith(root) && placeOf(path) !== place);
    graph.set(place, [...(graph.get(place) ?? []), ...others.map(placeOf)]);
  }
  return circlesOf(graph);
}

/** By Tarjan's strongly connected components ("Depth-first search and linear graph algorithms", 1972). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
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

/**
 * Finds files that import each other in a circle: the strongly connected components of more than one file (Tarjan's
 * algorithm), each as its paths in order, separated by blanks.
 *
 * @module
 */

import type { Source } from "./sources.ts";

/** Returns the circles of imports, each as its paths in order. `importsOf` names the paths that a file imports; those of no source are left out. */
export function findCircles(
  sources: readonly Source[],
  importsOf: (source: Source) => readonly string[],
): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const numbers = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[] = [];

  function visit(path: string, source: Source): number {
    let low = numbers.size;
    numbers.set(path, low);
    open.push(path);
    const number = low;
    for (const target of importsOf(source)) {
      const next = byPath.get(target);
      if (next === undefined) continue;
      if (!numbers.has(target)) low = Math.min(low, visit(target, next));
      else if (open.includes(target)) {
        low = Math.min(low, lowest.get(target) ?? numbers.get(target) ?? low);
      }
      lowest.set(path, low);
    }
    lowest.set(path, low);
    if (low === number) {
      const circle = open.splice(open.indexOf(path));
      if (circle.length > 1) circles.push(circle.toSorted().join(" "));
    }
    return low;
  }

  for (const [path, source] of byPath) if (!numbers.has(path)) visit(path, source);
  return circles.toSorted();
}

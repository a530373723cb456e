/**
 * The order in which services may be upgraded: each service after everything that it depends on.
 *
 * @module
 */

/** Which services each service depends on. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Finds a cycle among the dependencies that can be reached from `services`; by default, from all. A cycle elsewhere in the
 * fleet is not theirs.
 *
 * @returns The services of one cycle with the first repeated at the end (`A`, `B`, `A`), or `null` when there is none.
 */
export function findCycle(
  dependencies: Dependencies,
  services: Iterable<string> = dependencies.keys(),
): string[] | null {
  return walk(services, dependencies, () => {});
}

/**
 * Sorts `services` so that each comes after its dependencies, also indirect ones through services that are not in the list.
 * Services that do not depend on each other keep their order. The dependencies must have no cycle.
 */
export function orderByDependencies(
  services: readonly string[],
  dependencies: Dependencies,
): string[] {
  const wanted = new Set(services);
  const order: string[] = [];
  walk(services, dependencies, (service) => {
    if (wanted.has(service)) order.push(service);
  });
  return order;
}

/**
 * Visits each service after its dependencies, depth first, until it meets a cycle, which it returns. It keeps its own stack:
 * the dependencies are read from the tree, and a chain of them may be longer than the call stack is deep.
 */
function walk(
  services: Iterable<string>,
  dependencies: Dependencies,
  visit: (service: string) => void,
): string[] | null {
  const finished = new Set<string>();
  for (const start of services) {
    if (finished.has(start)) continue;
    const trail = new Set([start]);
    const open = [{ service: start, next: dependenciesOf(start, dependencies) }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { value: dependency, done } = top.next.next();
      if (done === true) {
        open.pop();
        trail.delete(top.service);
        finished.add(top.service);
        visit(top.service);
      } else if (trail.has(dependency)) {
        const path = [...trail];
        return [...path.slice(path.indexOf(dependency)), dependency];
      } else if (!finished.has(dependency)) {
        trail.add(dependency);
        open.push({ service: dependency, next: dependenciesOf(dependency, dependencies) });
      }
    }
  }
  return null;
}

function dependenciesOf(service: string, dependencies: Dependencies): Iterator<string, undefined> {
  return (dependencies.get(service) ?? []).values();
}

/** All services that a service depends on, directly or indirectly. */
export function allDependencies(service: string, dependencies: Dependencies): Set<string> {
  const found = new Set<string>();
  const open = [...(dependencies.get(service) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(dependencies.get(next) ?? []));
  }
  return found;
}

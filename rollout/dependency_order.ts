/**
 * The order in which services may be upgraded: each service after everything that it depends on.
 *
 * @module
 */

/** Which services each service depends on. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Finds a cycle among the dependencies.
 *
 * @returns The services of one cycle with the first repeated at the end (`A`, `B`, `A`), or `null` when there is none.
 */
export function findCycle(dependencies: Dependencies): string[] | null {
  const finished = new Set<string>();
  const trail: string[] = [];

  function visit(service: string): string[] | null {
    if (finished.has(service)) return null;
    const seenAt = trail.indexOf(service);
    if (seenAt >= 0) return [...trail.slice(seenAt), service];
    trail.push(service);
    for (const dependency of dependencies.get(service) ?? []) {
      const cycle = visit(dependency);
      if (cycle !== null) return cycle;
    }
    trail.pop();
    finished.add(service);
    return null;
  }

  for (const service of dependencies.keys()) {
    const cycle = visit(service);
    if (cycle !== null) return cycle;
  }
  return null;
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
  const visited = new Set<string>();
  const order: string[] = [];

  function visit(service: string): void {
    if (visited.has(service)) return;
    visited.add(service);
    for (const dependency of dependencies.get(service) ?? []) visit(dependency);
    if (wanted.has(service)) order.push(service);
  }

  for (const service of services) visit(service);
  return order;
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

/**
 * What a host reads of the services that its own depends on, before it switches: their numbers.
 *
 * @module
 */

import type { DependencyCounts } from "../dependencies.ts";
import { DEFAULT_POLICY } from "../policy.ts";
import { newcomersPath, servicePath, servingPath, slotsPath } from "../tree.ts";
import { childCountAt, type TreePart } from "./node.ts";
import { decodeService } from "./shared_entries.ts";

/** The nodes of a service's numbers. The counter comes first: who goes by its version is refused if they have changed since. */
function pathsOf(service: string): readonly string[] {
  return [slotsPath, servicePath, newcomersPath, servingPath].map((path) => path(service));
}

/**
 * The nodes of the services that one depends on, once its entry is known.
 *
 * @throws {EntryError} when the entry is broken.
 */
export function dependencyPaths(service: string, tree: Pick<TreePart, "node">): readonly string[] {
  return dependenciesOf(service, tree).flatMap(pathsOf);
}

/**
 * Counts the hosts of the services that one depends on, from the nodes of {@link dependencyPaths}.
 *
 * @throws {EntryError} when the entry of one of them is broken.
 */
export function decodeDependencies(
  service: string,
  tree: Pick<TreePart, "node">,
): readonly DependencyCounts[] {
  return dependenciesOf(service, tree).map((other) => decodeDependency(other, tree));
}

function dependenciesOf(service: string, tree: Pick<TreePart, "node">): readonly string[] {
  return decodeService(service, tree.node(servicePath(service)))?.entry.dependsOn ?? [];
}

function decodeDependency(
  service: string,
  tree: Pick<TreePart, "node">,
): DependencyCounts {
  const counter = tree.node(slotsPath(service));
  return {
    service,
    policy: decodeService(service, tree.node(servicePath(service)))?.entry.policy ?? DEFAULT_POLICY,
    rosterCount: childCountAt(tree, servicePath(service)),
    newcomerCount: childCountAt(tree, newcomersPath(service)),
    servingCount: childCountAt(tree, servingPath(service)),
    slotsVersion: counter !== null && "version" in counter ? counter.version : null,
  };
}

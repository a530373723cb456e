/**
 * What a plan makes of the dependencies between services: who waits until another one has baked, and who may go at the same
 * time as others. That a service goes after all that it depends on is checked with the plan. Pure.
 *
 * @module
 */

import { allDependencies, type Dependencies } from "./dependency_order.ts";
import type { Service } from "./entries.ts";
import type { PlannedService, PlannedWave } from "./planned.ts";
import { isOpenedByPerson } from "./waves/gate_entry.ts";

/** The services that one depends on. */
type Edges = Pick<PlannedService, "dependsOn" | "bakedAfter">;

/** The dependencies that the tree knows. */
export function edgesOf(entry: Pick<Service, "dependsOn" | "bakedAfter"> | null): Edges {
  const { dependsOn = [], bakedAfter = [] } = entry ?? {};
  return bakedAfter.length === 0 ? { dependsOn } : { dependsOn, bakedAfter };
}

/** The dependencies as a plan lists them. A name alone is one that has to be finished. */
export function toEdges(
  listed: readonly (string | {
    readonly service: string;
    readonly when?: "finished" | "baked" | undefined;
  })[],
): Edges {
  const edges = listed.map((one) => typeof one === "string" ? { service: one } : one);
  const dependsOn = edges.map(({ service }) => service);
  const baked = edges.filter((edge) => "when" in edge && edge.when === "baked");
  return edgesOf({ dependsOn, bakedAfter: baked.map(({ service }) => service) });
}

/**
 * Puts a gate before the first wave of each service that waits until another one of the plan has baked: for the longest bake
 * time of these. A gate that the plan has there counts besides; but what a person opens, a person decides.
 */
export function awaitBaking(
  waves: readonly PlannedWave[],
  services: ReadonlyMap<string, PlannedService>,
): { readonly waves: readonly PlannedWave[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const begun = new Set<string>();
  const gated = waves.map((wave): PlannedWave => {
    const isFirst = !begun.has(wave.service);
    begun.add(wave.service);
    const baking = (services.get(wave.service)?.bakedAfter ?? [])
      .filter((name) => services.has(name));
    if (!isFirst || baking.length === 0) return wave;
    const { gate } = wave;
    if (gate !== undefined && isOpenedByPerson(gate)) {
      notes.push(
        `service "${wave.service}": a person opens the gate before its first wave, and decides by ` +
          `that whether ${baking.join(", ")} has baked`,
      );
      return wave;
    }
    const bakeMs = Math.max(...baking.map((name) => services.get(name)?.policy.bakeMs ?? 0));
    if (bakeMs === 0) return wave;
    const afterMs = Math.max(gate?.afterMs ?? 0, bakeMs);
    return { ...wave, gate: { ...gate, afterMs, baking } };
  });
  return { waves: gated, notes };
}

/** Lets each wave wait for those services alone that its own depends on, or that depend on it, directly or not. */
export function separate(
  waves: readonly PlannedWave[],
  dependencies: Dependencies,
): readonly PlannedWave[] {
  const services = [...new Set(waves.map(({ service }) => service))];
  const needs = new Map(services.map((name) => [name, allDependencies(name, dependencies)]));
  const isRelated = (one: string, other: string) =>
    needs.get(one)?.has(other) === true || needs.get(other)?.has(one) === true;
  return waves.map((wave) => ({
    ...wave,
    after: services.filter((other) => isRelated(wave.service, other)),
  }));
}

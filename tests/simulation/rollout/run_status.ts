/**
 * The status of a run, for the run itself and for reports: whether its rollout has ended, and what every host does.
 *
 * @module
 */

import { currentPath, isHeld } from "../../../rollout/mod.ts";
import { readSlots, readWaves } from "./reading.ts";
import type { World } from "./world.ts";

/** Whether every host that has power runs the version that it should, and no host is switching. */
export function isOver({ tree, fleet }: World): boolean {
  if (readWaves(tree.snapshot).length > 0) return false;
  const slots = new Map(
    fleet.services.map((service) => [service, readSlots(tree.snapshot, service)]),
  );
  return fleet.installations.every(({ machine, service, process }) => {
    if (!machine.isOn) return machine === fleet.deadMachine;
    const slot = slots.get(service)?.get(machine.name);
    const committed = fleet.committed(service);
    const entry = tree.snapshot.get(currentPath(service, machine.name));
    if (process?.isHealthy !== true || entry === undefined || isHeld(slot)) return false;
    const { version } = process;
    // An abort takes no host down: a host that runs the withdrawn version keeps it.
    if (version === committed || fleet.isWithdrawn(service, version)) return true;
    return slot !== undefined && slot.to === committed && slot.reason !== null;
  });
}

/** Describes the state of the fleet, for the report of a run that failed. */
export function describe({ tree, fleet, control }: World): string {
  const waves = `waves ${JSON.stringify(readWaves(tree.snapshot))}`;
  const hosts = fleet.installations.map(({ machine, service, process, agent }) => {
    const slot = agent?.memory.slot?.entry;
    const waitingFor = agent === null ? "no agent" : agent.memory.waitingFor;
    return `${service}/${machine.name}: on ${machine.isOn}, runs ${process?.version}, slot ${slot?.step} to ${slot?.to}, waiting for: ${waitingFor}`;
  });
  return [`control ${JSON.stringify(control)}`, waves, fleet.description, ...hosts].join("\n");
}

/**
 * The recovery after the faults, as an actor: delayed requests arrive, machines get power, and an operator resumes a halted
 * rollout or, if it halts again and again, aborts it.
 *
 * @module
 */

import type { ActorDefinition, ActorRef } from "../../../actors/runtime/mod.ts";
import { isHeld } from "../../../rollout/mod.ts";
import type { DataCenterMessage } from "./data_center.ts";
import { InvariantViolation } from "./invariants.ts";
import { setControl } from "./operator_model.ts";
import { readSlots } from "./reading.ts";
import type { World } from "./world.ts";

/** How often the operator resumes a halted rollout before aborting it. */
const MAX_RESUMES = 2;
/** Most milliseconds between two checks. */
const MAX_REST_MS = 4;

/** Creates the actor. Its state is how often the operator has resumed the rollout. */
export function recovery(
  world: World,
  dataCenter: ActorRef<DataCenterMessage>,
): ActorDefinition<number, "look"> {
  const { random, network, fleet: { machines, services, deadMachine } } = world;
  /** Whether the dead machine gets power after all: it holds a slot, which would block all others for ever. */
  let isSpared = false;

  function bringDown(): void {
    while (network.deliverLate());
    while (network.expireOrphan());
    for (const machine of machines) {
      if (machine !== deadMachine) dataCenter.tell({ type: "power_on", machine });
      else if (!spare(machine.name)) dataCenter.tell({ type: "power_cut", machine });
    }
    if (world.control.state === "paused") setControl(world, { state: "running", reason: null });
  }

  function spare(host: string): boolean {
    if (deadMachine === null || isSpared) return isSpared;
    isSpared = services.some((service) =>
      isHeld(readSlots(world.tree.snapshot, service).get(host))
    );
    if (isSpared) dataCenter.tell({ type: "power_on", machine: deadMachine });
    return isSpared;
  }

  function look(resumes: number): number {
    // Sessions of machines that have just lost power, or of agents that are being restarted.
    while (network.expireOrphan());
    // It may have taken a slot at the moment in which its power was cut.
    if (deadMachine !== null) spare(deadMachine.name);
    const { state, reason } = world.control;
    if (state !== "halted") return resumes;
    if (!reason) throw new InvariantViolation("I7", "halted without a reason");
    if (resumes < MAX_RESUMES) setControl(world, { state: "running", reason: null });
    else world.withdraw();
    return resumes + 1;
  }

  return {
    name: "recovery",
    init({ timers }) {
      world.turn(bringDown);
      timers.after("look", random.between(1, MAX_REST_MS), "look");
      return 0;
    },
    receive(resumes, _message, { timers }) {
      timers.after("look", random.between(1, MAX_REST_MS), "look");
      return world.turn(() => look(resumes));
    },
  };
}

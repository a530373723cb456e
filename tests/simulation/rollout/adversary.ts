/**
 * The source of faults, as an actor: machines fail, the ensemble and the network are late, services break, and an operator
 * pauses, resumes and aborts at random.
 *
 * @module
 */

import type { ActorDefinition, ActorRef } from "../../../actors/runtime/mod.ts";
import { setControl } from "./operator_model.ts";
import type { DataCenterMessage } from "./data_center.ts";
import type { World } from "./world.ts";

/** Most milliseconds between two faults. */
const MAX_REST_MS = 20;

/** Creates the adversary. */
export function adversary(
  world: World,
  dataCenter: ActorRef<DataCenterMessage>,
): ActorDefinition<null, "strike"> {
  const { random, network, fleet } = world;

  function strike(): void {
    const machine = random.pick(fleet.machines);
    const dice = random.next();
    if (dice < 0.2) dataCenter.tell({ type: "power_cut", machine });
    else if (dice < 0.3) dataCenter.tell({ type: "kill_agent", machine });
    else if (dice < 0.6) dataCenter.tell({ type: "power_on", machine });
    else if (dice < 0.7) dataCenter.tell({ type: "expire_session", machine });
    else if (dice < 0.78) network.expireOrphan();
    else if (dice < 0.84) network.deliverLate();
    else if (dice < 0.9) {
      const { process } = random.pick(fleet.installations);
      if (process !== null) process.isHealthy = false;
    } else if (dice < 0.97) {
      const isRunning = world.control.state === "running";
      setControl(world, { state: isRunning ? "paused" : "running", reason: null });
    } else if (!world.isWithdrawn && random.chance(0.15)) world.withdraw();
  }

  return {
    name: "adversary",
    init({ timers }) {
      timers.after("strike", random.between(1, MAX_REST_MS), "strike");
      return null;
    },
    receive(state, _message, { timers }) {
      world.turn(strike);
      timers.after("strike", random.between(1, MAX_REST_MS), "strike");
      return state;
    },
  };
}

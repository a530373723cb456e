/**
 * The data center as an actor: it turns the power of machines on and off. A machine without power runs neither an agent
 * nor services.
 *
 * @module
 */

import type { ActorContext, ActorDefinition, ActorRef } from "../../../actors/runtime/mod.ts";
import { agent, type AgentRefs } from "./agent.ts";
import type { Environment } from "./environment.ts";
import type { Fleet } from "./fleet.ts";
import type { Machine } from "./machine.ts";

/** Messages to the data center: one fault or repair of a machine. */
export interface DataCenterMessage {
  readonly type: "power_on" | "power_cut" | "kill_agent" | "expire_session";
  readonly machine: Machine;
}

/** A machine that has power, or whose actors are still about to end. */
interface Powered {
  readonly ref: ActorRef<never>;
  readonly refs: AgentRefs;
  /** What follows once its actors have stopped: `stays` unless its power was cut. */
  next: "stays" | "off" | "on";
}

type Machines = ReadonlyMap<Machine, Powered>;

/** Creates the data center; all machines have power. */
export function dataCenter(
  environment: Environment,
  { machines, installations }: Fleet,
): ActorDefinition<Machines, DataCenterMessage> {
  type Context = ActorContext<DataCenterMessage>;

  function powerOn(machine: Machine, context: Context): Powered {
    let refs: AgentRefs | undefined;
    const options = {
      machine,
      installations: installations.filter((installation) => installation.machine === machine),
      environment,
      cutPower: () => void context.self.tell({ type: "power_cut", machine }),
    };
    const ref = context.spawn(machine.name, agent(options, (declared) => refs = declared));
    if (refs === undefined) throw new Error(`${ref.path} did not declare its actors`);
    context.watch(ref);
    machine.isOn = true;
    return { ref, refs, next: "stays" };
  }

  function act({ type, machine }: DataCenterMessage, powered: Powered, context: Context): void {
    switch (type) {
      case "power_on":
        if (powered.next === "off") powered.next = "on";
        return;
      case "power_cut":
        if (powered.next === "stays") {
          environment.note(`${machine.name} loses power`);
          context.stop(powered.ref);
        }
        powered.next = "off";
        return;
      case "kill_agent":
        environment.random.pick(powered.refs.parts).tell({ type: "crash" });
        return;
      case "expire_session":
        powered.refs.session.tell({ type: "expire" });
        return;
    }
  }

  function onGone(all: Machines, ref: ActorRef<never>, context: Context): Machines {
    const [machine, powered] = [...all].find(([, powered]) => powered.ref === ref) ?? [];
    if (machine === undefined || powered === undefined || powered.next === "stays") {
      throw new Error(`${ref.path} ended, and nobody had cut its power`);
    }
    // Not earlier: until its actors have stopped, their steps count as before the power cut.
    machine.isOn = false;
    for (const installation of installations) {
      if (installation.machine === machine) installation.process = null;
    }
    const rest = new Map([...all].filter(([other]) => other !== machine));
    return powered.next === "on" ? rest.set(machine, powerOn(machine, context)) : rest;
  }

  function onMessage(all: Machines, message: DataCenterMessage, context: Context): Machines {
    const { type, machine } = message;
    const powered = all.get(machine);
    if (powered !== undefined) act(message, powered, context);
    else if (type === "power_on") return new Map(all).set(machine, powerOn(machine, context));
    return all;
  }

  return {
    name: "data_center",
    init: (context) =>
      environment.turn(() =>
        new Map(machines.map((machine) => [machine, powerOn(machine, context)]))
      ),
    receive: (all, message, context) => environment.turn(() => onMessage(all, message, context)),
    onSignal: (all, { type, ref }, context) =>
      environment.turn(() => {
        if (type === "child_failed") throw new Error(`${ref.path} gave up`);
        return onGone(all, ref, context);
      }),
  };
}

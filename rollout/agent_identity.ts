/**
 * Which agent an entry belongs to. An agent is known by its data folder, and a folder can be copied: a machine that was
 * cloned has the same one. So an entry also says on which machine, and since which boot of it, its agent runs.
 *
 * @module
 */

import type { Current } from "./entries.ts";

/** The part of an entry that says which agent has written it. */
export type AgentIdentity = Pick<Current, "agent" | "machine">;

/** Whether an entry is this agent's, or was written by an earlier process of it since the machine's last boot. */
export function isOfSameAgent(entry: AgentIdentity, own: AgentIdentity): boolean {
  if (entry.agent !== own.agent) return false;
  // An agent of an earlier version did not say on which machine it runs.
  if (entry.machine === undefined || own.machine === undefined) return true;
  return entry.machine.id === own.machine.id && entry.machine.boot === own.machine.boot;
}

/** Who has taken a slot, as far as it says so. */
export type TakenBy = {
  readonly [Field in keyof AgentIdentity]?: AgentIdentity[Field] | undefined;
};

/**
 * Whether a slot was taken by this machine, before or since its last boot: a slot outlives the machine's crash. Who has taken
 * it is not known of the slots of earlier versions, which count as the machine's own.
 */
export function isOfSameMachine(slot: TakenBy, own: TakenBy): boolean {
  const isOther = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && one !== other;
  return !isOther(slot.agent, own.agent) && !isOther(slot.machine?.id, own.machine?.id);
}

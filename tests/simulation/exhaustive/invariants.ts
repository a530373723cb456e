/**
 * What must hold in every state, and at each stop and each end of a wave. Truth is what runs, not what the tree says of it.
 *
 * @module
 */

import {
  budgetHosts,
  closedGate,
  isDrained,
  isHeld,
  isNewcomer,
  servicePath,
  slotsPath,
  type transactions,
} from "../../../rollout/mod.ts";
import { SERVICE } from "../../unit/rollout/memory_tree.ts";
import { type Host, treeAfter, type World } from "./world.ts";

/** An invariant is broken. */
export class Violation extends Error {
  override readonly name = "Violation";
}

function expect(holds: boolean, broken: string): void {
  if (!holds) throw new Violation(broken);
}

/**
 * A host that has drained is told that it may stop its service: by what stands in the tree at that moment. Whose session has
 * ended since the reading (all but `offline`) does not count as away yet: no rule can know of that earlier.
 */
export function checkStop(
  world: World,
  host: Host,
  { operations, offline }: {
    readonly operations: transactions.Transaction;
    readonly offline: readonly string[];
  },
): void {
  if (host.agent === null || treeAfter(world, operations, host.agent.session) === null) return;
  const { view, waves, service } = world.tree.read();
  const { name } = host;
  const slot = view.slots.get(name);
  expect(isHeld(slot), `I5: ${name} may stop its service without a slot`);
  expect(view.control?.state === "running", `I6: ${name} may stop while control is not running`);
  const isWanted = slot?.wave === null
    ? service?.entry.committed?.version === slot.to
    : waves.some(({ node }) => node === slot?.wave);
  expect(isWanted, `I6: ${name} may stop for a version that nobody rolls out`);
  expect(
    !(service?.entry.withdrawn.includes(slot?.to ?? "") ?? false),
    `I8: ${name} may stop for a version that was withdrawn`,
  );
  const wave = waves.find(({ node }) => node === slot?.wave);
  expect(
    closedGate(wave ?? null) === null,
    `I2: ${name} may stop, and the gate of its wave is closed`,
  );
  const held = [...view.slots.values()].filter(isHeld);
  expect(held.length <= view.policy.maxConcurrent, `I1: ${held.length} switch at once`);
  // Nobody sends it work, so nobody lacks it.
  if (host.running === null || host.isOut && isDrained(view.rosterEntries.get(name))) return;
  // A host that was forgotten is new when it comes back, until it serves.
  const members = view.roster.filter((other) => !isNewcomer(view.rosterEntries.get(other)));
  const isOut = (other: string) =>
    world.hosts.some((one) => one.name === other && one.isOut) ||
    isDrained(view.rosterEntries.get(other));
  const away = members.filter((other) =>
    other !== name &&
    (isOut(other) ||
      (view.current.get(other)?.state !== "serving" || isHeld(view.slots.get(other))) &&
        (view.current.has(other) || isHeld(view.slots.get(other)) || offline.includes(other)))
  );
  const budget = budgetHosts(view.policy, members.length);
  expect(away.length + 1 <= budget, `I1: ${name} goes down while ${away.join(", ")} are away`);
}

/** The end of a wave commits its version: enough hosts run it. */
export function checkCommit(world: World, operations: transactions.Transaction): void {
  const commits =
    operations.some(({ op, path }) => op === "set" && path === servicePath(SERVICE)) &&
    operations.some(({ op, path }) => op === "delete" && path.startsWith("/dc/deploy/"));
  if (!commits || treeAfter(world, operations, "") === null) return;
  const { view } = world.tree.read();
  const version = view.wave?.version ?? null;
  const behind = world.hosts.filter(({ name, running }) =>
    view.roster.includes(name) && running !== version && view.slots.get(name)?.step !== "failed"
  );
  const budget = budgetHosts(view.policy, view.roster.length);
  expect(
    behind.length <= budget,
    `I2: ${version} is committed, and ${behind.map(({ name }) => name).join(", ")} do not run it`,
  );
}

/** What holds in every state. */
export function checkState({ tree, hosts, forgotten }: World): void {
  for (const { name, isStopped, running } of hosts) {
    if (!isStopped || running !== null || forgotten.includes(name)) continue;
    const stands = tree.nodes().has(slotsPath(SERVICE, name));
    expect(stands, `I5: ${name} is down for a switch, and no slot says so`);
  }
}

/** What holds when nothing is left to do. */
export function checkEnd({ tree, hosts }: World): void {
  const { view, waves, service } = tree.read();
  expect(waves.length === 0, "I7: nothing is left to do, and a wave is in the queue");
  const held = [...view.slots.values()].filter(isHeld).map(({ host }) => host);
  expect(held.length === 0, `I5: nothing is left to do, and ${held.join(", ")} hold slots`);
  for (const { name, running, isOut, agent } of hosts) {
    if (agent === null) continue;
    expect(running !== null, `I7: nothing is left to do, and ${name} is down`);
    const drained = view.rosterEntries.get(name)?.drained !== undefined;
    expect(!drained, `I7: nothing is left to do, and ${name} is drained`);
    expect(!isOut, `I7: nothing is left to do, and ${name} is sent no work`);
    expect(
      running === service?.entry.committed?.version || view.slots.get(name)?.step === "failed" ||
        (service?.entry.withdrawn.includes(running ?? "") ?? false),
      `I8: nothing is left to do, and ${name} runs ${running}, not what is committed`,
    );
  }
}

/** A host's entry, its place in the queue, and its end. */

import assert from "node:assert/strict";
import { transactions } from "../../../../rollout/mod.ts";
import { fleet, must, SERVICE } from "../memory_tree.ts";
import { current, slot } from "../views.ts";

const ROSTER = { schema: 1, site: "north", rack: "r1" } as const;

Deno.test("writeHost: moves the counter on if the state changes, or may have changed", () => {
  for (
    const [said, state, moved] of [
      ["serving", "serving", 0],
      ["serving", "down", 1],
      ["down", "serving", 1],
      [null, "serving", 1],
    ] as const
  ) {
    const tree = fleet("web-1");
    const { slotsVersion } = tree.read().view;
    const entry = current("web-1", { state });
    must(tree.apply(transactions.writeHost(SERVICE, { entry, said, epoch: 0 })));
    assert.equal(tree.read().view.slotsVersion - slotsVersion, moved, `${said} ${state}`);
  }
});

Deno.test("registerHost: moves the counter on, also for a host that is down", () => {
  // Regression, found by the exhaustive check: who had read that the host serves, before its session ended, went down as well.
  for (const state of ["down", "serving"] as const) {
    const tree = fleet("web-1");
    tree.expire("web-1");
    const { slotsVersion } = tree.read().view;
    const entry = current("web-1", { state });
    must(tree.apply(transactions.registerHost(SERVICE, { entry, epoch: 0 }), "later"));
    assert.equal(tree.read().view.slotsVersion - slotsVersion, 1);
  }
});

Deno.test("registerHost, writeHost: not of an epoch that is over, nor off the roster", () => {
  const tree = fleet("web-1");
  must(tree.apply(transactions.renewRoster(SERVICE, { host: "web-1", roster: ROSTER })));
  const entry = current("web-1", { state: "down" });
  const write = { entry, epoch: 0, said: null };
  assert.equal(tree.apply(transactions.writeHost(SERVICE, write)), "BAD_VERSION");
  must(tree.apply(transactions.writeHost(SERVICE, { ...write, epoch: 1 })));
  tree.expire("web-1");
  const remains = { hasCounter: true, isOnRoster: true, hasSlot: false, isForged: false };
  must(tree.apply(transactions.forgetHost(remains, { service: SERVICE, host: "web-1" })));
  assert.equal(tree.apply(transactions.registerHost(SERVICE, { entry, epoch: 1 })), "NO_NODE");
});

Deno.test("registerAgain, removeGhost: not over an entry that has changed since it was read", () => {
  const tree = fleet("web-1");
  const entry = current("web-1", { waitingFor: "something" });
  must(tree.apply(transactions.writeHost(SERVICE, { entry, said: null, epoch: 0 })));
  const again = { entry, epoch: 0, version: 0 };
  assert.equal(tree.apply(transactions.registerAgain(SERVICE, again)), "BAD_VERSION");
  const ghost = { host: "web-1", version: 0 };
  assert.equal(tree.apply(transactions.removeGhost(SERVICE, ghost)), "BAD_VERSION");
  must(tree.apply(transactions.registerAgain(SERVICE, { ...again, version: 1 })));
  must(tree.apply(transactions.removeGhost(SERVICE, { ...ghost, version: 2 })));
});

Deno.test("joinStaging: the first good place stays, and the others go", () => {
  const tree = fleet("web-1");
  const join = (standing: readonly transactions.StandingPlace[]) => {
    const joining = { host: "web-1", version: "2", standing };
    const { operations, node } = transactions.joinStaging(SERVICE, joining);
    must(tree.apply(operations, "web-1"));
    return node;
  };
  const nodes = () => tree.read().stagingNodes.map(({ node }) => node);
  assert.equal(join([]), null);
  join([]);
  const [first = "", second = ""] = nodes();
  const good = join([{ node: first, isGood: false }, { node: second, isGood: true }]);
  assert.equal(good, second);
  assert.deepEqual(nodes(), [second]);
  must(tree.apply(transactions.leaveStaging(SERVICE, [second])));
  assert.deepEqual(nodes(), []);
});

Deno.test("forgetHost: not a host that has registered since it was looked at", () => {
  const tree = fleet("web-1", "web-2");
  const remains = { hasCounter: true, isOnRoster: true, hasSlot: false, isForged: false };
  const forget = transactions.forgetHost(remains, { service: SERVICE, host: "web-1" });
  assert.equal(tree.apply(forget), "NODE_EXISTS");
  tree.expire("web-1");
  const { slotsVersion } = tree.read().view;
  must(tree.apply(forget));
  const { view } = tree.read();
  assert.deepEqual(view.roster, ["web-2"]);
  assert.equal(view.current.has("web-1"), false);
  assert.equal(view.slotsVersion, slotsVersion + 1, "who counts on it decides again");
});

Deno.test("writeHost: shows the step of a slot that stands, and moves nothing on for a holder that goes down", () => {
  const tree = fleet("web-1");
  const { view } = tree.read();
  const held = slot("web-1", { wave: null });
  must(tree.apply(transactions.takeSlot(view, { service: SERVICE, slot: held, wave: null })));
  const { slotsVersion } = tree.read().view;
  const entry = current("web-1", { state: "down" });
  const step = { ...held, step: "stopping" } as const;
  const write = { entry, epoch: 0, said: "serving", slot: step } as const;
  must(tree.apply(transactions.writeHost(SERVICE, write)));
  assert.equal(tree.read().view.slots.get("web-1")?.step, "stopping");
  assert.equal(tree.read().view.slotsVersion, slotsVersion);
  const given = transactions.giveSlotBack(tree.read().view, { service: SERVICE, slot: step });
  must(tree.apply(given ?? []));
  assert.equal(tree.apply(transactions.writeHost(SERVICE, write)), "NO_NODE");
});

/** A host's entry, its place in the queue, and its end. */

import assert from "node:assert/strict";
import {
  decodeQueue,
  decodeWave,
  parseSequentialName,
  queueVersion,
  transactions,
  wavePath,
} from "../../../../rollout/mod.ts";
import { fleet, must, roll, SERVICE } from "../memory_tree.ts";
import { current, slot } from "../views.ts";

const ROSTER = { schema: 1, site: "north", rack: "r1" } as const;

Deno.test("writeHost: moves the counter on, and counts the host, if its state changes", () => {
  const tree = fleet("web-1");
  for (
    const [state, moved] of [["serving", 0], ["down", 1], ["down", 0], ["serving", 1]] as const
  ) {
    const { slotsVersion } = tree.read().view;
    const entry = current("web-1", { state });
    const write = { entry, epoch: 0, markers: tree.markers(entry) };
    must(tree.apply(transactions.writeHost(SERVICE, write), "web-1"));
    assert.equal(tree.read().view.slotsVersion - slotsVersion, moved, state);
    assert.equal(tree.count().census.servingCount, state === "serving" ? 1 : 0);
  }
});

Deno.test("registerHost: moves the counter on, also for a host that is down", () => {
  // Regression, found by the exhaustive check: who had read that the host serves, before its session ended, went down as well.
  for (const state of ["down", "serving"] as const) {
    const tree = fleet("web-1");
    tree.expire("web-1");
    const { slotsVersion } = tree.read().view;
    const entry = current("web-1", { state });
    must(tree.apply(transactions.registerHost(SERVICE, tree.registration(entry)), "later"));
    assert.equal(tree.read().view.slotsVersion - slotsVersion, 1);
  }
});

Deno.test("registerHost, writeHost: not of an epoch that is over, nor off the roster", () => {
  const tree = fleet("web-1");
  must(
    tree.apply(transactions.renewRoster(SERVICE, { host: "web-1", roster: ROSTER, version: 0 })),
  );
  const entry = current("web-1", { state: "down" });
  const write = { entry, epoch: 0, markers: tree.markers(entry) };
  assert.equal(tree.apply(transactions.writeHost(SERVICE, write)), "BAD_VERSION");
  must(tree.apply(transactions.writeHost(SERVICE, { ...write, epoch: 1 })));
  tree.expire("web-1");
  const remains = {
    hasCounter: true,
    isOnRoster: true,
    isMarkedNew: false,
    places: [],
    hasSlot: false,
    isForged: false,
    waves: [],
  };
  must(tree.apply(transactions.forgetHost(remains, { service: SERVICE, host: "web-1" })));
  const again = tree.registration(entry, { epoch: 1 });
  assert.equal(tree.apply(transactions.registerHost(SERVICE, again)), "NO_NODE");
});

Deno.test("registerHost: takes the place of an earlier session's entry and markers at once, if they stand as they were read", () => {
  const tree = fleet("web-1", "web-2");
  const entry = current("web-1", { state: "down" });
  const { slotsVersion } = tree.read().view;
  const ghost = { version: 0, isOfSession: false };
  const write = tree.registration(entry, { standing: ghost });
  const stale = { ...write, standing: { ...ghost, version: 7 } };
  assert.equal(tree.apply(transactions.registerHost(SERVICE, stale), "later"), "BAD_VERSION");
  must(tree.apply(transactions.registerHost(SERVICE, write), "later"));
  const { census } = tree.count();
  assert.deepEqual([census.own?.state, census.servingCount], ["down", 1]);
  assert.ok(census.slotsVersion > slotsVersion, "who counted on it decides again");
  tree.expire("web-1");
  assert.equal(tree.count().census.own?.state, "down", "it ends with the later session alone");
  const serving = current("web-1");
  const own = tree.registration(serving, { standing: { version: 0, isOfSession: true } });
  must(tree.apply(transactions.registerHost(SERVICE, own), "later"));
  assert.equal(tree.count().census.servingCount, 2);
  tree.expire("later");
  assert.equal(tree.count().census.servingCount, 1);
});

Deno.test("joinStaging: the first good place stays, and the others go", () => {
  const tree = fleet("web-1");
  const join = (places: readonly transactions.StandingPlace[]) => {
    const entry = current("web-1");
    const release = { version: "2" };
    const markers = tree.markers(entry, release);
    const joining = { entry, epoch: 0, markers, release, places };
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
  const remains = {
    hasCounter: true,
    isOnRoster: true,
    isMarkedNew: false,
    places: [],
    hasSlot: false,
    isForged: false,
    waves: [],
  };
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
  const held = slot("web-1", { wave: null });
  const request = { service: SERVICE, slot: held, wave: null, place: null };
  must(tree.apply(transactions.takeSlot(tree.count().census, request)));
  const { slotsVersion } = tree.read().view;
  const entry = current("web-1", { state: "down" });
  const step = { ...held, step: "stopping" } as const;
  const write = { entry, epoch: 0, markers: tree.markers(entry), slot: step };
  must(tree.apply(transactions.writeHost(SERVICE, write)));
  assert.equal(tree.read().view.slots.get("web-1")?.step, "stopping");
  assert.equal(tree.read().view.slotsVersion, slotsVersion);
  const given = transactions.giveSlotBack(tree.count(), { service: SERVICE, slot: step });
  must(tree.apply(given ?? []));
  const late = { ...write, markers: tree.markers(entry) };
  assert.equal(tree.apply(transactions.writeHost(SERVICE, late)), "NO_NODE");
});

Deno.test("forgetHost: a wave that lists its hosts lists the host no more", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2", {}, ["web-1", "web-2"]);
  const reading = tree.count("web-2");
  assert.equal(reading.census.counts?.coveredCount, 2);
  const [name = ""] = tree.children("/dc/deploy");
  const wave = decodeWave(parseSequentialName(name) ?? assert.fail(), tree.node(wavePath(name)));
  assert.ok(wave);
  tree.expire("web-1");
  const remains = {
    hasCounter: true,
    isOnRoster: true,
    isMarkedNew: false,
    places: [],
    hasSlot: false,
    isForged: false,
    waves: [{ node: name, wave }],
  };
  must(tree.apply(transactions.forgetHost(remains, { service: SERVICE, host: "web-1" })));
  assert.equal(tree.count("web-2").census.counts?.coveredCount, 1);
  assert.notEqual(queueVersion(tree), decodeQueue(SERVICE, fleet()).version);
});

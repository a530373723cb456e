import assert from "node:assert/strict";
import { decideAtFence } from "../../../../../actors/upgrade_coordinator/machine/at_fence.ts";
import {
  decideNext,
  type HostNow,
} from "../../../../../actors/upgrade_coordinator/machine/next.ts";
import { newSwitch, toSlot } from "../../../../../actors/upgrade_coordinator/machine/switch.ts";
import {
  type Current,
  decideFinish,
  DEFAULT_POLICY,
  donePath,
  type FailureCause,
  type Policy,
  readyPath,
  servingPath,
  transactions,
  WAITS_FOR_TURN,
} from "../../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, roll, SERVICE } from "../../../rollout/memory_tree.ts";
import { current, failedSlot, slot } from "../../../rollout/views.ts";

const HOST = "web-1";

/** web-1, which serves version 1, and has version 2 on its disk. */
const NOW: HostNow = {
  host: HOST,
  identity: { agent: current(HOST).agent },
  service: SERVICE,
  running: { version: "1" },
  isServing: true,
  hasRejoined: false,
  ready: { version: "2", infoHash: null },
  unstarted: null,
  unprepared: null,
  hasHaltStood: false,
  trouble: null,
  place: null,
  wallTimeMs: 0,
};

function kind(tree: MemoryTree, now: Partial<HostNow> = {}): string {
  return decideNext({ ...NOW, ...now }, tree.count()).next.kind;
}

/** A place in the queue that stands. */
const PLACE = { release: { version: "2" }, stands: true, behind: null };

function rolling(policy: Partial<Policy> = {}): MemoryTree {
  const tree = fleet(HOST, "web-2");
  roll(tree, "2", policy);
  return tree;
}

/** Records a failure of version 2 that came without a switch. */
function fail(tree: MemoryTree, host: string, cause: FailureCause): void {
  const entry = current(host);
  const [wave] = tree.read().waves;
  const target = { version: "2", infoHash: null };
  const slot = failedSlot(host, { to: "2", infoHash: null, cause, wave: wave?.node ?? null });
  const markers = tree.markers(entry, target);
  const report = { service: SERVICE, entry, epoch: 0, slot, nowMs: 0, markers };
  must(tree.apply(transactions.reportFailure(tree.read(), report).operations, host));
}

function join(tree: MemoryTree, host: string): void {
  const entry = current(host);
  const release = { version: "2" };
  const join = { entry, epoch: 0, markers: tree.markers(entry, release), release, places: [] };
  must(tree.apply(transactions.joinStaging(SERVICE, join).operations, host));
}

Deno.test("decideNext: prepares, joins the queue, takes a slot", () => {
  const tree = rolling();
  assert.equal(kind(tree, { ready: null }), "prepare");
  assert.equal(kind(tree), "join_queue");
  join(tree, HOST);
  join(tree, "web-2");
  assert.equal(kind(tree, { place: PLACE }), "look_around");
  assert.equal(decideNext({ ...NOW, place: PLACE }, tree.read()).next.kind, "take_slot");
  assert.equal(kind(tree, { place: { ...PLACE, stands: false } }), "join_queue");
  assert.equal(kind(tree, { place: { ...PLACE, release: { version: "1.9" } } }), "join_queue");
});

Deno.test("decideNext: who is not the head of the queue waits for it", () => {
  const tree = rolling();
  join(tree, "web-2");
  join(tree, HOST);
  const place = { ...PLACE, behind: "web-2" };
  const { next } = decideNext({ ...NOW, place }, tree.count());
  assert.ok(next.kind === "wait");
  assert.equal(next.waitingFor, WAITS_FOR_TURN);
});

Deno.test("decideNext: nothing is taken by an entry that does not say what is true", () => {
  const tree = rolling();
  join(tree, HOST);
  assert.equal(kind(tree, { isServing: false, place: PLACE }), "await_entry");
});

Deno.test("decideNext: changes nothing before it is registered, or under another machine's entry", () => {
  const tree = rolling();
  const identity = { agent: "another" };
  assert.deepEqual(decideNext({ ...NOW, identity }, tree.count()).next, {
    kind: "register",
    isNamesake: true,
  });
  tree.expire(HOST);
  assert.deepEqual(decideNext(NOW, tree.count()).next, { kind: "register", isNamesake: false });
});

Deno.test("decideNext: a host that is done leaves the queue, rests, and the last one ends the wave", () => {
  const tree = rolling();
  const running = { version: "2", infoHash: null };
  const write = (host: string) => {
    const entry = current(host, { version: "2" });
    const write = { entry, epoch: 0, markers: tree.markers(entry), slot: null };
    must(tree.apply(transactions.writeHost(SERVICE, write), host));
  };
  join(tree, HOST);
  write(HOST);
  assert.equal(kind(tree, { running, place: PLACE }), "leave_queue");
  assert.equal(kind(tree, { running, place: undefined }), "leave_queue");
  tree.expire(HOST);
  const entry = current(HOST, { version: "2" });
  must(tree.apply(transactions.registerHost(SERVICE, tree.registration(entry)), HOST));
  assert.equal(kind(tree, { running }), "rest");
  write("web-2");
  assert.equal(kind(tree, { running }), "look_around");
  assert.equal(decideNext({ ...NOW, running }, tree.read()).next.kind, "end_wave");
});

Deno.test("decideAtFence: asks once it has drained, and turns back without its slot", () => {
  const tree = rolling();
  const { census } = tree.count();
  const { wave } = census;
  const change = newSwitch({ version: "1" }, { version: "2", infoHash: null }, {
    policy: DEFAULT_POLICY,
    sinceMs: 5,
    wave,
  });
  const look = (isDrained: boolean, now: Partial<HostNow> = {}) =>
    decideAtFence({ ...NOW, ...now }, tree.count(), { change, isDrained, mayBeEnding: true });
  assert.equal(look(true).kind, "turn_back");
  const slot = toSlot(change, current(HOST));
  must(tree.apply(transactions.takeSlot(census, { service: SERVICE, slot, wave, place: null })));
  assert.deepEqual(look(false), { kind: "drain" });
  assert.deepEqual(look(true), { kind: "ask", isDown: false });
  assert.deepEqual(look(true, { isServing: false }), { kind: "await_entry" });
  assert.equal(look(true, { identity: { agent: "another" } }).kind, "turn_back");
});

Deno.test("decideNext: looks at all hosts where nothing runs, and at the end of a wave that lists its hosts", () => {
  const tree = fleet(HOST, "web-2", "web-3");
  roll(tree, "2", {}, [HOST, "web-2"]);
  assert.equal(kind(tree, { running: null, isServing: false }), "look_around");
  const entry = current(HOST, { version: "2" });
  const write = { entry, epoch: 0, markers: tree.markers(entry), slot: null };
  must(tree.apply(transactions.writeHost(SERVICE, write), HOST));
  const running = { version: "2" };
  assert.equal(kind(tree, { running }), "look_around");
  const all = (now: Partial<HostNow>) => decideNext({ ...NOW, ...now }, tree.read()).next.kind;
  assert.equal(all({ running }), "rest");
  tree.expire("web-2");
  assert.equal(all({ running }), "end_wave");
});

/** Gives web-1 an entry of that machine, and has another one under its name take a slot. */
function heldElsewhere(tree: MemoryTree, entry: Partial<Current> = {}) {
  const own = current(HOST, { machine: { id: "m1", boot: "b1" }, ...entry });
  const write = { entry: own, epoch: 0, markers: tree.markers(own), slot: null };
  must(tree.apply(transactions.writeHost(SERVICE, write), HOST));
  const { census } = tree.count();
  const taken = slot(HOST, { agent: own.agent, machine: { id: "m2", boot: "b2" } });
  const request = { service: SERVICE, slot: taken, wave: census.wave, place: null };
  must(tree.apply(transactions.takeSlot(census, request)));
  return { identity: { agent: own.agent, machine: { id: "m1", boot: "b1" } } };
}

Deno.test("decideNext: a slot that another machine holds under the host's name is neither given back nor used", () => {
  // Regression: a slot did not say whose it is, so a machine gave its clone's back while the clone was down.
  const tree = rolling();
  const now = heldElsewhere(tree);
  const { next } = decideNext({ ...NOW, ...now }, tree.count());
  assert.equal(next.kind, "rest");
  assert.match(
    ("waitingFor" in next && next.waitingFor) || "",
    /^another machine under the name web-1 holds its slot .* rollcall hosts release-slot web-1$/,
  );
  assert.equal(kind(tree, { ...now, place: PLACE }), "leave_queue");
});

Deno.test("decideNext: who is down starts what it should run, and takes no slot in place of another machine's", () => {
  const tree = rolling();
  const now = { ...heldElsewhere(tree, { state: "down" }), isServing: false };
  const start = decideNext({ ...NOW, ...now, running: null, ready: { version: "1" } }, tree.read());
  assert.equal(start.next.kind, "start");
  assert.equal(kind(tree, { ...now, place: PLACE }), "leave_queue");
});

Deno.test("decideAtFence: turns back at another machine's slot", () => {
  const tree = rolling();
  const { identity } = heldElsewhere(tree);
  const { slot: standing } = tree.count().census.slots.get(HOST) ?? {};
  assert.ok(standing !== undefined);
  const { from, to, sinceMs } = standing;
  const how = { policy: DEFAULT_POLICY, sinceMs, wave: tree.count().census.wave };
  const change = newSwitch({ version: from }, { version: to }, how);
  const drained = { change: { ...change, wasStopped: true }, isDrained: true, mayBeEnding: true };
  const decision = decideAtFence({ ...NOW, identity }, tree.count(), drained);
  assert.ok(decision.kind === "turn_back" && !decision.keepsSlot);
});

Deno.test("decideAtFence: what an earlier life may have told to end keeps its slot until it is known to serve", () => {
  // Regression: its slot went back while the service was ending, and others went down beside it.
  const tree = rolling();
  const { census } = tree.count();
  const how = { policy: DEFAULT_POLICY, sinceMs: 5, wave: census.wave };
  const change = newSwitch({ version: "1" }, { version: "2", infoHash: null }, how);
  const taken = toSlot(change, current(HOST));
  const request = { service: SERVICE, slot: taken, wave: census.wave, place: null };
  must(tree.apply(transactions.takeSlot(census, request)));
  const standing = { entry: census.control, znodeVersion: census.controlVersion };
  must(tree.apply([transactions.setControl(standing, { state: "paused" })]));
  const look = (
    [wasStopped, mayBeEnding, isServing]: readonly [boolean, boolean, boolean],
  ) => {
    const drained = { change: { ...change, wasStopped }, isDrained: true, mayBeEnding };
    const { reason: _, ...decision } = {
      reason: "",
      ...decideAtFence({ ...NOW, isServing }, tree.count(), drained),
    };
    return decision;
  };
  const turnsBack = (keepsSlot: boolean) => ({ kind: "turn_back", keepsSlot });
  for (const isServing of [true, false]) {
    assert.deepEqual(look([true, true, isServing]), { kind: "await_end" });
    assert.deepEqual(look([true, false, isServing]), turnsBack(!isServing));
    assert.deepEqual(look([false, true, isServing]), turnsBack(false));
  }
});

/** Makes a node where hosts are counted, as anybody can. */
function makeStray(tree: MemoryTree, path: string): void {
  must(tree.apply([{ op: "create", path, data: new Uint8Array(0) }]));
}

Deno.test("decideNext: who opens a wave goes by the entries of all hosts, and marks the wave as opened", () => {
  // Regression: nodes of strangers were counted, and opened the quorum.
  const tree = fleet(HOST, "web-2");
  roll(tree, "2", { quorum: 2 });
  const tally = tree.count().census.wave?.tally ?? "";
  join(tree, HOST);
  for (const name of ["x", "y"]) makeStray(tree, readyPath(SERVICE, tally, name));
  const now = { ...NOW, place: PLACE };
  assert.equal(tree.count().census.counts?.readyCount, 3);
  assert.equal(kind(tree, now), "look_around");
  const byNames = decideNext(now, tree.read()).next;
  assert.match(byNames.kind === "wait" ? byNames.waitingFor : "", /^quorum: 1 of 2/);
  join(tree, "web-2");
  const { next } = decideNext(now, tree.read());
  assert.ok(next.kind === "take_slot");
  assert.equal(next.opening, donePath(SERVICE, tally));
  const { census } = tree.count();
  const { wave, opening } = next;
  const request = { service: SERVICE, slot: slot("web-2"), wave, opening, place: null };
  must(tree.apply(transactions.takeSlot(census, request)));
  must(tree.apply(transactions.giveSlotBack(tree.count(), request) ?? []));
  assert.equal(kind(tree, now), "take_slot", "the others go by the numbers");
});

Deno.test("decideNext: nobody ends a wave by nodes of strangers", () => {
  // Regression: nodes of strangers were counted, and ended a wave.
  const tree = rolling();
  const tally = tree.count().census.wave?.tally ?? "";
  const entry = current(HOST, { version: "2" });
  const write = { entry, epoch: 0, markers: tree.markers(entry), slot: null };
  must(tree.apply(transactions.writeHost(SERVICE, write), HOST));
  makeStray(tree, donePath(SERVICE, tally, "x"));
  const now = { ...NOW, running: { version: "2" } };
  assert.equal(decideFinish(tree.count().census), "finished");
  assert.equal(kind(tree, now), "look_around");
  const reading = tree.read();
  assert.equal(decideNext(now, reading).next.kind, "rest");
  assert.match(reading.problems.join(), /done\/A\/.* was "x", which is nobody's; delete it/);
});

Deno.test("decideNext: nor does one that waits in the queue of the next", () => {
  const tree = rolling();
  for (const host of [HOST, "web-2"]) join(tree, host);
  const tally = tree.count().census.wave?.tally ?? "";
  for (const name of ["x", "y"]) makeStray(tree, donePath(SERVICE, tally, name));
  const now = { ...NOW, place: { ...PLACE, behind: "web-2" } };
  assert.equal(decideFinish(tree.count().census), "finished");
  assert.equal(kind(tree, now), "look_around");
  assert.equal(decideNext(now, tree.read()).next.kind, "wait");
});

Deno.test("decideNext: while more hosts are counted as serving than are online, who would go down reads all of them", () => {
  const tree = rolling();
  for (const host of [HOST, "web-2"]) join(tree, host);
  const { opening, census: { wave } } = tree.count();
  assert.ok(opening !== null);
  must(tree.apply([{ op: "set", path: opening, data: new Uint8Array(0) }]));
  const now = { ...NOW, place: PLACE };
  assert.equal(kind(tree, now), "take_slot");
  tree.expire("web-2");
  for (const name of ["x", "y"]) makeStray(tree, servingPath(SERVICE, name));
  for (const name of ["x", "y"]) makeStray(tree, readyPath(SERVICE, wave?.tally ?? "", name));
  assert.equal(kind(tree, now), "look_around");
  assert.equal(decideNext(now, tree.read()).next.kind, "wait");
});

Deno.test("decideNext: what is not ready in time is recorded once, and tried on", () => {
  const tree = rolling();
  const late = { ready: null, unprepared: { version: "2", reason: "the disk is full" } };
  assert.equal(kind(tree, { ...late, unprepared: null }), "prepare");
  // Of another version than the one that is wanted now, nothing is told.
  assert.equal(
    kind(tree, { ready: null, unprepared: { version: "1.9", reason: "late" } }),
    "prepare",
  );
  assert.deepEqual(decideNext({ ...NOW, ...late }, tree.count()).next, {
    kind: "record_failure",
    version: "2",
    infoHash: null,
    restart: undefined,
    cause: "preparation",
    reason: "the disk is full",
    wave: tree.read().waves[0]?.node,
  });
  fail(tree, HOST, "preparation");
  assert.equal(kind(tree, late), "prepare");
  // Once it is ready the record goes, and then it takes its place.
  assert.equal(kind(tree), "give_slot_back");
});

Deno.test("decideNext: an operator who resumes gives another try to who was late", () => {
  const tree = rolling();
  fail(tree, HOST, "preparation");
  const { control: entry, controlVersion: znodeVersion } = tree.read().view;
  assert.equal(entry?.state, "halted");
  must(tree.apply([transactions.setControl({ entry, znodeVersion }, { state: "running" })]));
  assert.equal(kind(tree, { ready: null }), "give_slot_back");
});

Deno.test("decideFinish, decideAdmission: who was late does not count as away, and is left behind like any failure", () => {
  const tree = fleet(HOST, "web-2");
  roll(tree, "2", { maxFailures: 1, quorum: "100%" });
  fail(tree, HOST, "preparation");
  join(tree, "web-2");
  const place = { ...PLACE };
  const now = { ...NOW, host: "web-2", identity: { agent: current("web-2").agent }, place };
  // The quorum is met, and the host that serves the old version uses none of the budget up.
  const { next } = decideNext(now, tree.read("web-2"));
  assert.equal(next.kind, "take_slot");
});

/** What happens to version 2 on web-1 after its switch. */
const CRASHED = {
  running: { version: "2" },
  trouble: { release: { version: "2" }, reason: "it has crashed", ranMs: 15_000 },
};

Deno.test("decideNext: a version that crashes while its rollout is under way is recorded once", () => {
  const tree = rolling();
  const { next } = decideNext({ ...NOW, ...CRASHED }, tree.count());
  assert.deepEqual(next, {
    kind: "record_failure",
    version: "2",
    cause: "watch",
    reason: "it has crashed",
    wave: tree.read().waves[0]?.node,
  });
  fail(tree, HOST, "watch");
  assert.equal(tree.read().view.control?.state, "halted");
  const recorded = decideNext({ ...NOW, ...CRASHED }, tree.count()).next;
  assert.equal(recorded.kind === "rest" && recorded.waitingFor, "2 failed here: health gate");
});

Deno.test("decideNext: what crashes is no failure of a rollout that has not brought it, or is over", () => {
  const old = { ...CRASHED, trouble: { ...CRASHED.trouble, release: { version: "1" } } };
  assert.notEqual(kind(rolling(), old), "record_failure");
  assert.notEqual(kind(fleet(HOST, "web-2"), CRASHED), "record_failure");
  const tree = fleet(HOST, "web-2");
  // What was committed before is not new.
  roll(tree, "1");
  assert.notEqual(kind(tree, old), "record_failure");
});

Deno.test("decideNext: nobody watches a version for longer than the policy says", () => {
  const tree = fleet(HOST, "web-2");
  roll(tree, "2", { watchMs: 15_000 });
  assert.equal(kind(tree, CRASHED), "record_failure");
  const later = { ...CRASHED, trouble: { ...CRASHED.trouble, ranMs: 15_001 } };
  assert.notEqual(kind(tree, later), "record_failure");
});

Deno.test("decideFinish: a host that has failed after its switch counts as failed, also while it serves", () => {
  const tree = fleet(HOST);
  roll(tree, "2", { maxFailures: 1 });
  fail(tree, HOST, "watch");
  const running = { version: "2" };
  const entry = current(HOST, { version: "2" });
  const write = { entry, epoch: 0, markers: tree.markers(entry, running), slot: null };
  must(tree.apply(transactions.writeHost(SERVICE, write), HOST));
  assert.notEqual(kind(tree, { running }), "end_wave");
});

Deno.test("decideNext: who waits for the end of a freeze knows when that is, and who has its slot goes on", () => {
  const tree = rolling();
  join(tree, HOST);
  join(tree, "web-2");
  const reading = tree.read();
  const freeze = [{ from: "00:00", to: "01:00", timeZone: "UTC" }];
  const { census } = reading;
  const frozen = { ...reading, census: { ...census, policy: { ...census.policy, freeze } } };
  assert.deepEqual(decideNext({ ...NOW, place: PLACE }, frozen).next, {
    kind: "wait",
    version: "2",
    infoHash: null,
    restart: undefined,
    waitingFor: "frozen until Thu 01:00 UTC",
    isForUnnamed: false,
    isQueued: true,
    againMs: 3_600_000,
  });
  const later = { ...NOW, place: PLACE, wallTimeMs: 3_600_000 };
  assert.equal(decideNext(later, frozen).next.kind, "take_slot");
});

Deno.test("decideNext: who waits for its rack lets those of other racks pass, now and then", () => {
  // Regression, found by trial: the head of the queue waited for a dead machine of its rack, and everybody else with it.
  const tree = rolling({ maxUnavailable: 2, maxUnavailablePerRack: 1 });
  join(tree, HOST);
  tree.expire("web-2");
  const wait = (more: Partial<HostNow>) => {
    const { next } = decideNext({ ...NOW, place: PLACE, ...more }, tree.count());
    assert.ok(next.kind === "wait");
    assert.match(next.waitingFor, /^budget of rack r1: /);
    return next.yields ?? false;
  };
  assert.equal(wait({ mayYield: true }), true);
  assert.equal(wait({ mayYield: false }), false);
  assert.equal(wait({}), false);
});

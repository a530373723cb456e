import assert from "node:assert/strict";
import { decideResumption } from "../../../../../actors/upgrade_coordinator/machine/resume.ts";
import {
  newStart,
  newSwitch,
  type Switch,
  toSlot,
} from "../../../../../actors/upgrade_coordinator/machine/switch.ts";
import { type CensusReading, DEFAULT_POLICY, transactions } from "../../../../../rollout/mod.ts";
import { fleet, must, roll, SERVICE } from "../../../rollout/memory_tree.ts";

const HOST = "web-1";

/** The machine on which the agent runs. */
const OWNER = { host: HOST, agent: "web-1-agent", machine: { id: "m1", boot: "b1" } };

/** A switch to version 2, and a tree in which it has its slot. */
function slotted(): { readonly change: Switch; readonly reading: CensusReading } {
  const tree = fleet(HOST, "web-2");
  roll(tree, "2");
  const { census } = tree.count();
  const change = newSwitch({ version: "1" }, { version: "2" }, {
    policy: DEFAULT_POLICY,
    sinceMs: 5,
    wave: census.wave,
  });
  const slot = toSlot(change, OWNER);
  must(
    tree.apply(
      transactions.takeSlot(census, { service: SERVICE, slot, wave: census.wave, place: null }),
    ),
  );
  return { change, reading: tree.count() };
}

function withoutSlot(reading: CensusReading): CensusReading {
  return { ...reading, census: { ...reading.census, slots: new Map() } };
}

Deno.test("decideResumption: while the old version runs, the fence decides", () => {
  const { change, reading } = slotted();
  const host = { owner: OWNER, running: "1" };
  for (const found of [reading, withoutSlot(reading)]) {
    assert.deepEqual(decideResumption(change, host, found), { kind: "go_on", change });
    // It may be ending, though it runs.
    const stopping = { ...change, step: "stopping" as const };
    const anew = { ...change, wasStopped: true };
    assert.deepEqual(decideResumption(stopping, host, found), { kind: "at_fence", change: anew });
    // It was started again without ZooKeeper.
    const checking = { ...change, step: "checking" as const };
    assert.deepEqual(decideResumption(checking, host, found), { kind: "go_on", change: anew });
  }
});

Deno.test("decideResumption: with nothing running it goes on under its own slot alone", () => {
  const { change, reading } = slotted();
  const pointing = { ...change, step: "pointing" as const };
  const host = { owner: OWNER, running: null };
  assert.deepEqual(decideResumption(pointing, host, reading), { kind: "go_on", change: pointing });
  assert.equal(decideResumption(pointing, host, withoutSlot(reading)).kind, "drop");
  const later = { ...pointing, sinceMs: 6 };
  assert.equal(decideResumption(later, host, reading).kind, "drop");
});

Deno.test("decideResumption: what runs on trial is left alone once its slot is gone (I5)", () => {
  // Regression, found by the simulation: the report was made while the disk was full, so that the journal still told of the trial.
  // The next agent could not write it either, and took that for a failure: it stopped the version, without a slot.
  const { change, reading } = slotted();
  const host = { owner: OWNER, running: "2" };
  for (const step of ["starting", "checking", "baking"] as const) {
    const trial = { ...change, step };
    assert.equal(decideResumption(trial, host, reading).kind, "go_on");
    assert.deepEqual(decideResumption(trial, host, withoutSlot(reading)), {
      kind: "drop",
      why: "its slot is gone, and 2 runs",
      isExpected: false,
    });
  }
});

Deno.test("decideResumption: a version that was withdrawn is not started", () => {
  const { change, reading } = slotted();
  assert.ok(reading.service !== null);
  const entry = { ...reading.service.entry, withdrawn: ["2"] };
  const aborted = { ...reading, service: { ...reading.service, entry } };
  const pointing = { ...change, step: "pointing" as const };
  const resumption = decideResumption(pointing, { owner: OWNER, running: null }, aborted);
  assert.deepEqual(resumption, {
    kind: "drop",
    why: "its rollout was aborted",
    isExpected: false,
  });
});

Deno.test("decideResumption: a journal of another time stops nothing", () => {
  const { change, reading } = slotted();
  const resumption = decideResumption(change, { owner: OWNER, running: "7" }, reading);
  assert.deepEqual(resumption, { kind: "drop", why: "7 runs, not 1", isExpected: false });
});

Deno.test("decideResumption: what was started without a slot is decided anew where nothing runs", () => {
  const { reading } = slotted();
  const start = newStart(null, { version: "1" }, { policy: DEFAULT_POLICY, sinceMs: 5 });
  const resumption = decideResumption(start, { owner: OWNER, running: null }, reading);
  assert.equal(resumption.kind, "drop");
  const running = decideResumption(
    { ...start, step: "baking" },
    { owner: OWNER, running: "1" },
    reading,
  );
  assert.equal(running.kind, "go_on");
});

Deno.test("decideResumption: the report of a failure, and a way back, are gone on with whatever the tree says", () => {
  const { change, reading } = slotted();
  for (const step of ["reporting", "rolling_back"] as const) {
    const last = { ...change, step, reason: "unwell" };
    const resumption = decideResumption(
      last,
      { owner: OWNER, running: null },
      withoutSlot(reading),
    );
    assert.deepEqual(resumption, { kind: "go_on", change: last });
  }
});

Deno.test("decideResumption: a way back that nobody waits for leads to nothing that was withdrawn", () => {
  // Regression, found by the simulation: a host whose switch back had failed was forgotten while it was down. It went on with the way
  // back, and started what the fleet had left.
  const { change, reading } = slotted();
  const back = { ...change, step: "rolling_back", reason: "unwell" } as const;
  const { service } = reading;
  assert.ok(service);
  const entry = { ...service.entry, withdrawn: ["1"] };
  const left = { ...reading, service: { ...service, entry } };
  const host = { owner: OWNER, running: null };
  assert.equal(decideResumption(back, host, withoutSlot(left)).kind, "drop");
  // Under its slot it is what there is, until it has said that its switch has failed.
  assert.equal(decideResumption(back, host, left).kind, "go_on");
});

Deno.test("decideResumption: a success is reported of what runs, and of nothing else", () => {
  // Regression, found by the simulation: the machine lost its power before the report, and started the old version while it could
  // ask nobody. It reported the new one all the same, and went along with its wave no more.
  const { change, reading } = slotted();
  const passed = { ...change, step: "reporting" as const };
  const found = (running: string | null, of = reading) =>
    decideResumption(passed, { owner: OWNER, running }, of);
  assert.deepEqual(found("2", withoutSlot(reading)), { kind: "go_on", change: passed });
  const anew = { ...change, step: "draining" as const, wasStopped: true };
  assert.deepEqual(found("1"), { kind: "go_on", change: anew });
  const again = { ...change, step: "pointing" as const, restarts: 1 };
  assert.deepEqual(found(null), { kind: "go_on", change: again });
  assert.equal(found(null, withoutSlot(reading)).kind, "drop");
});

Deno.test("decideResumption: the journal that a clone has copied gives it no right to the slot", () => {
  const { change, reading } = slotted();
  const pointing = { ...change, step: "pointing" as const };
  const clone = { ...OWNER, machine: { id: "m2", boot: "b2" } };
  assert.equal(decideResumption(pointing, { owner: clone, running: null }, reading).kind, "drop");
  const rebooted = { ...OWNER, machine: { id: "m1", boot: "b3" } };
  const resumption = decideResumption(pointing, { owner: rebooted, running: null }, reading);
  assert.equal(resumption.kind, "go_on");
});

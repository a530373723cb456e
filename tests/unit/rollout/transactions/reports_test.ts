/** How a switch ends, and a wave. */

import assert from "node:assert/strict";
import {
  decideFinish,
  encodeEntry,
  FAILURES,
  type FailuresElsewhere,
  servicePath,
  type Slot,
  slotsPath,
  transactions,
} from "../../../../rollout/mod.ts";
import {
  fleet,
  type MemoryTree,
  must,
  releaseOf,
  roll,
  rollWaves,
  SERVICE,
} from "../memory_tree.ts";
import { current, slot } from "../views.ts";

/** Stages a host, and takes a slot for it. */
function admit(tree: MemoryTree, host: string): Slot {
  const entry = current(host);
  const release = { version: "2" };
  const joining = { entry, epoch: 0, markers: tree.markers(entry, release), release, places: [] };
  must(tree.apply(transactions.joinStaging(SERVICE, joining).operations, host));
  const { census } = tree.count(host);
  const taken = slot(host, { wave: census.wave?.node ?? null });
  const request = { service: SERVICE, slot: taken, wave: census.wave, place: null };
  must(tree.apply(transactions.takeSlot(census, request)));
  return taken;
}

function reportSwitch(tree: MemoryTree, taken: Slot): transactions.Transaction {
  const entry = current(taken.host, { version: taken.to });
  const markers = tree.markers(entry);
  const { view: { slots }, stagingNodes } = tree.read();
  const places = stagingNodes.filter(({ host }) => host === taken.host).map(({ node }) => node);
  const view = { slot: slots.get(taken.host), slotZnodeVersion: slotVersion(tree, taken), places };
  const report = { service: SERVICE, entry, markers, slot: taken, epoch: 0 };
  return transactions.reportSwitch(view, report);
}

function slotVersion(tree: MemoryTree, { host }: Slot): number | undefined {
  return tree.nodes().get(slotsPath(SERVICE, host))?.version;
}

function reportFailure(
  tree: MemoryTree,
  taken: Slot,
  elsewhere: FailuresElsewhere | null = null,
) {
  const report = {
    service: SERVICE,
    slot: { ...taken, reason: "health gate" },
    entry: current(taken.host),
    markers: tree.markers(current(taken.host), { version: taken.to }),
    epoch: 0,
    nowMs: 9,
    elsewhere,
  };
  return transactions.reportFailure(tree.read(), report);
}

function finishWave(tree: MemoryTree): transactions.Transaction | null {
  const reading = tree.count();
  const { wave } = reading.census;
  const entry = {
    schema: 1,
    rollout: "rollout-2",
    service: SERVICE,
    version: wave?.version ?? "",
    hosts: null,
  } as const;
  return transactions.finishWave(reading, {
    service: SERVICE,
    wave: entry,
    record: null,
    nowMs: 9,
  });
}

Deno.test("reportSwitch: the entry, the queue, the slot and the counter change together; again it changes the entry alone", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const { slotsVersion } = tree.read().view;
  must(tree.apply(reportSwitch(tree, taken)));
  for (let round = 0; round < 2; round++) {
    const { view, stagingNodes } = tree.read();
    assert.equal(view.current.get("web-1")?.version, "2");
    assert.deepEqual([view.slots.size, stagingNodes.length], [0, 0]);
    assert.equal(view.slotsVersion, slotsVersion + 1 + round);
    must(tree.apply(reportSwitch(tree, taken)));
  }
});

Deno.test("reportSwitch, reportFailure: not of an epoch that is over", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const late = [reportSwitch(tree, taken), reportFailure(tree, taken).operations];
  const roster = { schema: 1, site: "north", rack: "r1" } as const;
  must(tree.apply(transactions.renewRoster(SERVICE, { host: "web-1", roster, version: 0 })));
  for (const operations of late) assert.equal(tree.apply(operations), "BAD_VERSION");
  assert.ok(tree.read().view.slots.has("web-1"));
});

Deno.test("reportSwitch: hosts that report at once without a slot, as after a power cut of all, do not refuse each other", () => {
  // Regression: each held on to the counter as it had read it. Of 1,000 hosts that started at once some ten got through in a
  // second, with a thousand requests for each.
  const hosts = ["web-1", "web-2", "web-3"];
  const tree = fleet(...hosts);
  roll(tree, "2");
  const reports = hosts.map((host) => reportSwitch(tree, slot(host)));
  for (const operations of reports) must(tree.apply(operations));
});

Deno.test("reportSwitch: not if the slot that it ends has changed since it was read", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const report = reportSwitch(tree, taken);
  const data = encodeEntry({ ...taken, step: "failed", reason: "left out" });
  must(tree.apply([{ op: "set", path: slotsPath(SERVICE, "web-1"), data }]));
  assert.equal(tree.apply(report), "BAD_VERSION");
});

Deno.test("reportSwitch: leaves the host's later slot alone", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  must(tree.apply(reportSwitch(tree, { ...taken, sinceMs: -1 })));
  assert.deepEqual(tree.read().view.slots.get("web-1"), taken);
});

Deno.test("reportFailure: the second of two at once is refused, and halts with the other one counted", () => {
  const tree = fleet("web-1", "web-2", "web-3");
  roll(tree, "2", { maxFailures: 1, maxConcurrent: 2, maxUnavailable: 2 });
  const slots = [admit(tree, "web-1"), admit(tree, "web-2")] as const;
  const reports = slots.map((taken) => reportFailure(tree, taken));
  assert.deepEqual(reports.map(({ halts }) => halts), [false, false]);
  must(tree.apply(reports[0]?.operations ?? []));
  assert.equal(tree.apply(reports[1]?.operations ?? []), "BAD_VERSION");
  const again = reportFailure(tree, slots[1]);
  assert.equal(again.halts, true);
  must(tree.apply(again.operations));
  const { view } = tree.read();
  assert.equal(view.control?.state, "halted");
  assert.match(view.control.reason ?? "", /failed on web-1, web-2.*web-2: health gate/);
  const failed = view.slots.get("web-2");
  assert.deepEqual([failed?.step, failed?.controlVersion], ["failed", view.controlVersion]);
  assert.deepEqual(view.staged, []);
});

Deno.test("reportFailure: of two services that fail at once for one plan the second is refused", () => {
  const tree = fleet("web-1", "web-2", "web-3");
  roll(tree, "2", { maxFailures: 9, maxConcurrent: 2, maxUnavailable: 2 });
  const slots = [admit(tree, "web-1"), admit(tree, "web-2")] as const;
  const reportAt = (taken: Slot, counterVersion: number | null) =>
    reportFailure(tree, taken, { failed: [], counterVersion }).operations;
  // Another service's host records its failure in between: the first one, and then one more.
  must(tree.apply([{ op: "create", path: FAILURES, data: new Uint8Array(0) }]));
  assert.equal(tree.apply(reportAt(slots[0], null)), "NODE_EXISTS");
  must(tree.apply(reportAt(slots[0], 0)));
  assert.equal(tree.apply(reportAt(slots[1], 0)), "BAD_VERSION");
  must(tree.apply(reportAt(slots[1], 1)));
});

Deno.test("reportFailure: once the rollout is halted, hosts that fail at once do not refuse each other", () => {
  // Regression: where all hosts failed at once, each read all others again whenever one of them had told.
  const tree = fleet("web-1", "web-2", "web-3");
  roll(tree, "2", { maxConcurrent: 3, maxUnavailable: 3 });
  const slots = [admit(tree, "web-1"), admit(tree, "web-2"), admit(tree, "web-3")] as const;
  must(tree.apply(reportFailure(tree, slots[0]).operations));
  const [second, third] = [reportFailure(tree, slots[1]), reportFailure(tree, slots[2])];
  must(tree.apply(second.operations));
  must(tree.apply(third.operations));
  assert.deepEqual([...tree.read().view.slots.values()].map(({ step }) => step), [
    "failed",
    "failed",
    "failed",
  ]);
});

Deno.test("reportFailure: what fails before its wave is next counts for that wave, and halts by what it allows", () => {
  // Regression, found by the simulation: only the wave that was next was looked at, and nobody looked again when it was.
  const tree = fleet("web-1", "web-2", "web-3");
  const later = { hosts: null, maxFailures: 0 };
  rollWaves(tree, "2", { maxFailures: 9 }, [{ hosts: ["web-1", "web-3"], maxFailures: 1 }, later]);
  const [first, second] = tree.read().waves;
  const failed = (host: string, node: string | undefined) =>
    slot(host, { wave: node ?? null, infoHash: null, step: "failed", cause: "preparation" });
  assert.equal(reportFailure(tree, failed("web-1", first?.node)).halts, false);
  assert.equal(reportFailure(tree, failed("web-2", second?.node)).halts, true);
});

Deno.test("reportFailure: what counts for nobody is reported anew when the next rollout brings the version again", () => {
  // Regression, found by the simulation: its rollout was aborted, and the next one of the same version began between the
  // reading and the report. It had its failure from the beginning, and nobody halted.
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const { service } = tree.read();
  assert.ok(service !== null);
  const withdraw = (...withdrawn: string[]) => {
    const data = encodeEntry({ ...service.entry, withdrawn });
    must(tree.apply([{ op: "set", path: servicePath(SERVICE), data }]));
  };
  withdraw("2");
  const late = reportFailure(tree, taken);
  assert.equal(late.halts, false);
  withdraw();
  assert.equal(tree.apply(late.operations), "BAD_VERSION");
  assert.equal(reportFailure(tree, taken).halts, true);
});

Deno.test("reportFailure: not of a halt that an operator has lifted meanwhile", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2", { maxConcurrent: 2, maxUnavailable: 2 });
  const slots = [admit(tree, "web-1"), admit(tree, "web-2")] as const;
  must(tree.apply(reportFailure(tree, slots[0]).operations));
  const late = reportFailure(tree, slots[1]);
  const { control: entry, controlVersion: znodeVersion } = tree.read().view;
  must(tree.apply([transactions.setControl({ entry, znodeVersion }, { state: "running" })]));
  assert.equal(tree.apply(late.operations), "BAD_VERSION");
  assert.equal(reportFailure(tree, slots[1]).halts, true);
});

Deno.test("reportFailure: once more halts nothing that an operator has resumed", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const report = reportFailure(tree, taken);
  assert.equal(report.halts, true);
  must(tree.apply(report.operations));
  const { control: entry, controlVersion: znodeVersion } = tree.read().view;
  must(tree.apply([transactions.setControl({ entry, znodeVersion }, { state: "running" })]));
  const again = reportFailure(tree, { ...taken });
  assert.equal(again.halts, false);
  must(tree.apply(again.operations));
  assert.equal(tree.read().view.control?.state, "running");
});

Deno.test("finishWave: commits the offer with the last wave, and is refused once anything has changed", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const early = finishWave(tree);
  must(tree.apply(reportSwitch(tree, taken)));
  assert.equal(tree.apply(early ?? []), "BAD_VERSION", "the counter has moved on");
  assert.equal(decideFinish(tree.count().census), "finished");
  assert.equal(decideFinish(tree.read().census), "finished");
  const operations = finishWave(tree);
  must(tree.apply(operations ?? []));
  const { service, queue } = tree.read();
  assert.deepEqual(service?.entry.committed, releaseOf("2"));
  assert.equal(queue.length, 0);
  assert.equal(tree.apply(operations ?? []), "NO_NODE", "as after a lost reply");
  assert.equal(finishWave(tree), null);
});

Deno.test("reportFailure: a slot that cannot be read becomes the record, and counts", () => {
  // Regression: it was taken for one that the host had taken later, so the failure was recorded nowhere and halted nothing.
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const spoiled = new TextEncoder().encode("paused");
  must(tree.apply([{ op: "set", path: slotsPath(SERVICE, "web-1"), data: spoiled }]));
  const report = reportFailure(tree, taken);
  assert.equal(report.halts, true);
  must(tree.apply(report.operations));
  assert.equal(tree.read().view.slots.get("web-1")?.step, "failed");
});

Deno.test("reportSwitch, reportFailure: leave another machine's slot under the same name alone", () => {
  const tree = fleet("web-1");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const other = { ...taken, agent: "web-1-agent", machine: { id: "m2", boot: "b2" } };
  const data = encodeEntry(other);
  must(tree.apply([{ op: "set", path: slotsPath(SERVICE, "web-1"), data }]));
  const own = { ...taken, agent: "web-1-agent", machine: { id: "m1", boot: "b1" } };
  must(tree.apply(reportSwitch(tree, own)));
  must(tree.apply(reportFailure(tree, own).operations));
  assert.deepEqual(tree.read().view.slots.get("web-1")?.machine, other.machine);
});

/** Tells the switch in the record of the rollout that `roll` has started. */
function recordOf(tree: MemoryTree, taken: Slot): transactions.SwitchRecord {
  const rollout = tree.read().view.control?.rollout ?? "";
  const { host, from, to } = taken;
  const ended = { service: SERVICE, host, from, to, outcome: "switched", reason: null } as const;
  return { rollout, event: { schema: 1, kind: "switch", ...ended, steps: [] } };
}

function eventsIn(tree: MemoryTree): string[] {
  return [...tree.nodes().keys()].filter((path) =>
    /^\/dc\/history\/[^/]+\/event-\d{10}$/.test(path)
  );
}

Deno.test("reportSwitch: the switch is told with it, once, and not where there is no record", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const report = (hasRecord: boolean) => {
    const { view: { slots } } = tree.read();
    const entry = current("web-1", { version: taken.to });
    return transactions.reportSwitch(
      { slot: slots.get("web-1"), places: [], hasRecord },
      {
        ...{ service: SERVICE, entry, markers: tree.markers(entry), slot: taken, epoch: 0 },
        record: recordOf(tree, taken),
      },
    );
  };
  assert.deepEqual(report(false).filter(({ path }) => path.startsWith("/dc/history")), []);
  must(tree.apply(report(true)));
  assert.equal(eventsIn(tree).length, 1);
  // The reply was lost: it is reported again.
  must(tree.apply(report(true)));
  assert.equal(eventsIn(tree).length, 1);
});

Deno.test("reportFailure: the failure is told with it, and the halt that follows from it", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2");
  const taken = admit(tree, "web-1");
  const report = () =>
    transactions.reportFailure(tree.read(), {
      service: SERVICE,
      slot: { ...taken, reason: "health gate" },
      entry: current(taken.host),
      markers: tree.markers(current(taken.host), { version: taken.to }),
      epoch: 0,
      nowMs: 9,
      record: recordOf(tree, taken),
    }).operations;
  must(tree.apply(report()));
  const kinds = () =>
    eventsIn(tree).map((path) =>
      JSON.parse(new TextDecoder().decode(tree.nodes().get(path)?.data)).kind
    );
  assert.deepEqual(kinds(), ["switch", "order"]);
  must(tree.apply(report()));
  assert.deepEqual(kinds(), ["switch", "order"]);
});

import assert from "node:assert/strict";
import {
  checkQuorum,
  countsAsServing,
  decideAdmission,
  decideFailure,
  decideFence,
  decideFinish,
  decideGoal,
  describeStall,
  isQuarantineOutdated,
  markersOf,
  type Policy,
  quarantinedPath,
  type ServiceView,
  toCensus,
} from "../../../rollout/mod.ts";
import { current, failedSlot, service, slot, view, type ViewChanges, wave } from "./views.ts";

const QUARANTINED = { quarantined: { reason: "started again too often", sinceMs: 0 } };
const WHY = "quarantined: started again too often";

function goalOf(view: ServiceView, host: string, running: string | null = "1") {
  return decideGoal({
    host,
    service: service(),
    offer: {
      schema: 1,
      rollout: "r",
      service: "A",
      version: "2",
      infoHash: null,
      sizeBytes: 0,
      torrentUrl: null,
    },
    census: toCensus(view, host),
    view,
    waves: view.wave === null ? [] : [view.wave],
    running: running === null ? null : { version: running },
    isServing: running !== null,
    hasRejoined: true,
    unstarted: null,
  }).goal;
}

Deno.test("quarantine: a host in it goes along with no wave, and catches up with nobody", () => {
  const fleet = view({ current: { "web-1": QUARANTINED } });
  assert.equal(goalOf(fleet, "web-2").kind, "roll");
  assert.deepEqual(goalOf(fleet, "web-1"), { kind: "stay", waitingFor: WHY });
  const behind = view({ current: { "web-1": { ...QUARANTINED, version: "0" } }, wave: null });
  assert.deepEqual(goalOf(behind, "web-1", "0"), { kind: "stay", waitingFor: WHY });
  // It starts what it should run all the same.
  const idle = view({ current: { "web-1": { ...QUARANTINED, version: null, state: "down" } } });
  assert.equal(goalOf(idle, "web-1", null).kind, "start");
});

Deno.test("quarantine: a host in it gets no slot, and gives back the one that it has", () => {
  const census = toCensus(view({ current: { "web-1": QUARANTINED } }), "web-1");
  const request = {
    host: "web-1",
    service: "A",
    version: "2",
    catchUp: false,
    behind: null,
    wallTimeMs: 0,
  };
  const admission = decideAdmission(census, request);
  assert.deepEqual([admission.admit, !admission.admit && admission.waitingFor], [false, WHY]);
  const held = slot("web-1");
  const draining = view({ current: { "web-1": QUARANTINED }, slots: [held] });
  const fence = decideFence(toCensus(draining, "web-1"), {
    slot: held,
    waveNodes: [held.wave ?? ""],
    committed: null,
  });
  assert.deepEqual(fence, { stop: false, reason: WHY });
});

Deno.test("quarantine: a host in it counts as away, although it serves", () => {
  assert.equal(countsAsServing(current("web-1")), true);
  assert.equal(countsAsServing(current("web-1", QUARANTINED)), false);
  const fleet = view({ policy: { quorum: 1 }, current: { "web-3": QUARANTINED } });
  const census = toCensus(fleet, "web-1");
  assert.equal(census.servingCount, 2);
  const request = {
    host: "web-1",
    service: "A",
    version: "2",
    catchUp: false,
    behind: null,
    wallTimeMs: 0,
  };
  const admission = decideAdmission(census, request);
  assert.equal(
    !admission.admit && admission.waitingFor,
    "budget: 1 of 1 down, web-3 is quarantined",
  );
  const entry = current("web-3", { ...QUARANTINED, version: "2" });
  const waves = [{ tally: "t", version: "2" }];
  assert.deepEqual(
    [...markersOf(entry, { service: "A", roster: null, waves, staged: { version: "2" } })],
    [quarantinedPath("A", "web-3")],
  );
});

Deno.test("quarantine: a wave ends without a host in it, if so many may be away", () => {
  const done = { version: "2" };
  const changes = {
    staged: [],
    current: { "web-1": done, "web-2": done, "web-3": QUARANTINED },
  };
  const finish = (more: object) => decideFinish(toCensus(view({ ...changes, ...more }), "web-1"));
  assert.equal(finish({}), "finished");
  assert.equal(finish({ policy: { maxUnavailable: 0 } }), "going_on");
  assert.equal(finish({ current: { ...changes.current, "web-3": {} } }), "going_on");
  // One that runs the version and is in quarantine does not count as done either.
  const flapping = { ...QUARANTINED, version: "2" };
  assert.equal(finish({ current: { "web-1": done, "web-2": flapping, "web-3": {} } }), "going_on");
});

Deno.test("quarantine: one that failed before is not taken off those that are online twice", () => {
  const changes = {
    roster: ["web-1", "web-2", "web-3", "web-4"],
    staged: [],
    policy: { maxFailures: 1, maxUnavailable: 2 },
    slots: [failedSlot("web-3")],
    current: { "web-1": { version: "2" }, "web-2": { version: "2" }, "web-3": QUARANTINED },
  };
  assert.equal(decideFinish(toCensus(view(changes), "web-1")), "going_on");
});

Deno.test("quarantine: where all others are in it, a failure leaves nobody to run the wave", () => {
  const fleet = view({
    policy: { maxFailures: 5 },
    current: { "web-2": QUARANTINED, "web-3": QUARANTINED },
    slots: [slot("web-1")],
  });
  const failure = { host: "web-1", service: "A", version: "2" };
  assert.equal(decideFailure(toCensus(fleet, "web-1"), failure).halt, true);
  assert.match(
    describeStall(fleet, wave()),
    /web-2 is quarantined: started again too often, web-3 is quarantined/,
  );
});

Deno.test("isQuarantineOutdated: once the version that flaps is rolled back, and not after an abort, which leaves hosts on it", () => {
  const own = current("web-1", { version: "2", ...QUARANTINED });
  const withdrawn = ["2"];
  assert.equal(isQuarantineOutdated(own, { withdrawn, abandoned: [] }), true);
  assert.equal(isQuarantineOutdated(own, { withdrawn, abandoned: ["2"] }), false);
  assert.equal(isQuarantineOutdated(own, { withdrawn }), false, "of an earlier version");
  assert.equal(isQuarantineOutdated(own, { withdrawn: [], abandoned: [] }), false);
  const well = current("web-1", { version: "2" });
  assert.equal(isQuarantineOutdated(well, { withdrawn, abandoned: [] }), false);
});

Deno.test("quarantine: a quorum in percent is one of the hosts that take part, a number is a number", () => {
  const fleet = (quorum: Policy["quorum"], more: ViewChanges = {}) =>
    toCensus(
      view({
        policy: { quorum, maxUnavailable: 2 },
        staged: ["web-1", "web-2"],
        current: { "web-3": QUARANTINED },
        ...more,
      }),
      "web-1",
    );
  assert.equal(checkQuorum(fleet("100%")), null);
  assert.equal(checkQuorum(fleet("75%")), null);
  assert.match(checkQuorum(fleet(3))?.waitingFor ?? "", /^quorum: 2 of 3 hosts staged/);
  // Somebody has listed it: nobody knows that from numbers.
  const listed = { wave: wave({ hosts: ["web-1", "web-2", "web-3"] }) };
  assert.notEqual(checkQuorum(fleet("100%", listed)), null);
  // An operator's skip says that it is not waited for, in quarantine or not.
  const skipped = failedSlot("web-3", { skipped: { by: "ann", reason: null } });
  assert.equal(checkQuorum(fleet("100%", { ...listed, slots: [skipped] })), null);
  assert.equal(checkQuorum(fleet(3, { slots: [skipped] })), null);
  // It is not left out of the count twice.
  const oneMissing = { slots: [skipped], staged: ["web-1"] };
  assert.match(checkQuorum(fleet("100%", oneMissing))?.waitingFor ?? "", /^quorum: 2 of 3/);
});

/** Tests of what a host does next about a service. */

import assert from "node:assert/strict";
import {
  decideGoal,
  type FirstWave,
  type Goal,
  type GoalInput,
  toCensus,
} from "../../../rollout/mod.ts";
import {
  failedSlot,
  HASHES,
  service,
  slot,
  view,
  type ViewChanges,
  wave,
  withoutHash,
} from "./views.ts";

interface Situation extends ViewChanges {
  readonly running?: string | null;
  /** The info hash of what runs. */
  readonly content?: string | null;
  readonly isServing?: boolean;
  readonly hasRejoined?: boolean;
  readonly waves?: readonly FirstWave[];
  readonly offered?: string | null;
  /** The info hash of what is on offer. */
  readonly offeredHash?: string | null;
  readonly service?: GoalInput["service"];
  readonly controlVersion?: number;
  readonly unstarted?: string | null;
}

/** web-1 runs 1 and has rejoined; a wave takes A to 2, unless said otherwise. */
function decide(situation: Situation = {}) {
  const { offered = "2", running = "1", controlVersion = 0 } = situation;
  return decideGoal({
    host: "web-1",
    service: situation.service ?? service(),
    offer: offered === null ? null : {
      schema: 1,
      rollout: "r",
      service: "A",
      version: offered,
      infoHash: situation.offeredHash ?? null,
      sizeBytes: 0,
      torrentUrl: null,
    },
    census: { ...toCensus(view(situation), "web-1"), controlVersion },
    view: { ...view(situation), controlVersion },
    waves: situation.waves ?? [wave()],
    running: running === null ? null : { version: running, infoHash: situation.content },
    isServing: situation.isServing ?? running !== null,
    hasRejoined: situation.hasRejoined ?? true,
    unstarted: situation.unstarted ?? null,
  });
}

function assertGoal(situation: Situation, goal: Goal): void {
  assert.deepEqual(withoutHash(decide(situation).goal), goal);
}

const RUNNING = { schema: 1, state: "running", by: "ann", reason: null, sinceMs: 0 } as const;
const COMMITTED_2 = service({ committed: { ...release("2") } });
const MOST_RUN_2 = { "web-2": { version: "2" }, "web-3": { version: "2" } };

function release(version: string) {
  return { service: "A", version, infoHash: null, sizeBytes: 0, torrentUrl: null };
}

Deno.test("decideGoal: goes along with the wave that covers it, once the release is on offer", () => {
  assertGoal({}, { kind: "roll", version: "2" });
  const waitingFor = "the release 2 is not on offer";
  assertGoal({ offered: null }, { kind: "stay", waitingFor });
  assertGoal({ offered: "3" }, { kind: "stay", waitingFor });
  const canary = wave({ hosts: ["web-2"] });
  assertGoal({ waves: [canary] }, { kind: "stay", waitingFor: null });
  assertGoal({ waves: [canary, wave()] }, { kind: "roll", version: "2" });
});

Deno.test("decideGoal: nothing to do without waves on the committed version", () => {
  assertGoal({ waves: [] }, { kind: "stay", waitingFor: null });
});

Deno.test("decideGoal: says what a host that is done waits for", () => {
  const control = { ...RUNNING, state: "halted" } as const;
  assertGoal({ running: "2", control }, { kind: "stay", waitingFor: "rollout is halted" });
  assertGoal({
    running: null,
    waves: [],
    service: service({ committed: null }),
    current: {
      "web-2": null,
      "web-3": null,
    },
  }, {
    kind: "stay",
    waitingFor: "nothing to run yet: no version is committed and no wave is on its way",
  });
});

Deno.test("decideGoal: a stopped service starts on the popular version and has not rejoined yet", () => {
  const { goal, hasRejoined } = decide({ running: null, current: MOST_RUN_2 });
  assert.deepEqual(withoutHash(goal), {
    kind: "start",
    version: "2",
    reason: "most popular: 2 hosts serve 2",
  });
  assert.equal(hasRejoined, false);
});

Deno.test("decideGoal: a stopped service does not start on what failed on this host", () => {
  // Regression: after a power cut it came up on the version that it had just gone back from, over and over.
  const situation = { running: null, current: MOST_RUN_2, slots: [failedSlot("web-1")] };
  const goal = { kind: "start", version: "1", reason: "2 failed here: health gate" } as const;
  assertGoal(situation, goal);
});

Deno.test("decideGoal: a stopped service does not start on what was rolled back, although the way back failed on this host (I8)", () => {
  // Regression, found by the simulation: the release to go back to had been damaged, and after a power cut the host came up
  // on the withdrawn one.
  const slots = [failedSlot("web-1", { from: "2", to: "1" })];
  const situation = { running: null, waves: [], service: service({ withdrawn: ["2"] }) };
  const { goal } = decide({ ...situation, slots });
  assert.deepEqual(withoutHash(goal), {
    kind: "start",
    version: "1",
    reason: "most popular: 2 hosts serve 1",
  });
});

Deno.test("decideGoal: a slot without a switch is given back", () => {
  assertGoal({ slots: [slot("web-1")] }, { kind: "return_slot" });
});

Deno.test("decideGoal: a host that is down keeps its slot until it serves", () => {
  // Regression, found by the simulation: after a power cut in a switch whose rollout was aborted the slot went first.
  const aborted = {
    slots: [slot("web-1", { step: "starting" })],
    waves: [],
    service: service({ withdrawn: ["2"] }),
  };
  const start = { kind: "start", version: "1", reason: "most popular: 2 hosts serve 1" } as const;
  assertGoal({ ...aborted, running: null }, start);
  const waitingFor = "its slot for 2 stands until 1 serves";
  assertGoal({ ...aborted, isServing: false }, { kind: "stay", waitingFor });
  assertGoal(aborted, { kind: "return_slot" });
});

Deno.test("decideGoal: a host with nothing to serve gives its slot back", () => {
  const slots = [slot("web-1", { from: null })];
  const situation = { running: null, waves: [], service: service({ committed: null }) };
  const current = { "web-2": null, "web-3": null };
  assertGoal({ ...situation, slots, current }, { kind: "return_slot" });
});

Deno.test("decideGoal: a slot that stands is no record of a failure, and keeps no host from the wave that covers it", () => {
  const slots = [slot("web-1")];
  assertGoal({ slots, isServing: false }, { kind: "roll", version: "2" });
  assertGoal({ slots, running: null, unstarted: "1" }, { kind: "roll", version: "2" });
  const start = { kind: "start", version: "2", reason: "most popular: 2 hosts serve 2" } as const;
  assertGoal({ slots, running: null, current: MOST_RUN_2 }, start);
  const behind = { slots, waves: [], service: COMMITTED_2, isServing: false };
  const reason = "2 is the committed version";
  assertGoal(behind, { kind: "catch_up", version: "2", reason });
});

Deno.test("decideGoal: a failed host stays, until an operator resumes", () => {
  const slots = [failedSlot("web-1", { controlVersion: 4 })];
  const stay = { kind: "stay", waitingFor: "2 failed here: health gate" } as const;
  assertGoal({ slots, control: RUNNING, controlVersion: 4 }, stay);
  assertGoal({ slots, control: { ...RUNNING, state: "halted" }, controlVersion: 5 }, stay);
  assertGoal({ slots: [failedSlot("web-1")], control: RUNNING, controlVersion: 9 }, stay);
  assertGoal({ slots, control: RUNNING, controlVersion: 5 }, { kind: "return_slot" });
});

Deno.test("decideGoal: a host left behind by a finished wave stays, until an operator resumes", () => {
  const slots = [failedSlot("web-1", { controlVersion: 4 })];
  const situation = { slots, waves: [], service: COMMITTED_2, control: RUNNING };
  const waitingFor = "2 failed here: health gate";
  assertGoal({ ...situation, controlVersion: 4 }, { kind: "stay", waitingFor });
  assertGoal({ ...situation, controlVersion: 5 }, { kind: "return_slot" });
});

Deno.test("decideGoal: the failure of a version that nobody wants any more is over", () => {
  // Regression: after an abort the record stood in the way of the host's next slot, and so of the next rollout's end.
  const slots = [failedSlot("web-1", { to: "1.9" })];
  assertGoal({ slots }, { kind: "return_slot" });
  assertGoal({ slots, waves: [] }, { kind: "return_slot" });
});

Deno.test("decideGoal: a host that comes back with an old version catches up", () => {
  const situation = { waves: [], service: COMMITTED_2, hasRejoined: false, current: MOST_RUN_2 };
  const reason = "2 is the committed version";
  assertGoal(situation, { kind: "catch_up", version: "2", reason });
});

Deno.test("decideGoal: outside of waves the committed version counts, not the popular one", () => {
  // Regression: of two halves that came back at once, each went after the other's version.
  const current = { "web-2": { version: "1" }, "web-3": { version: "1" } };
  const situation = { waves: [], service: COMMITTED_2, hasRejoined: false, current };
  assertGoal({ ...situation, running: "2" }, { kind: "stay", waitingFor: null });
  assertGoal({ ...situation, running: "1" }, {
    kind: "catch_up",
    version: "2",
    reason: "2 is the committed version",
  });
});

Deno.test("decideGoal: a host in line falls behind when a wave ends without it", () => {
  // Regression, found by the simulation: it came back on 1 between the reading and the end of the wave.
  const situation = { waves: [], service: COMMITTED_2, hasRejoined: true, running: "1" };
  assertGoal(situation, { kind: "catch_up", version: "2", reason: "2 is the committed version" });
});

Deno.test("decideGoal: a host with the wave's version does not go back when its session is new", () => {
  // Regression: most of the fleet still ran 1, so it caught up with 1, only to be upgraded once more.
  assert.deepEqual(decide({ running: "2", hasRejoined: false }), {
    goal: { kind: "stay", waitingFor: null },
    hasRejoined: true,
  });
});

Deno.test("decideGoal: neither an abort nor a new session takes anybody down who has the version already", () => {
  const situation = { running: "2", waves: [], service: service({ withdrawn: ["2"] }) };
  assertGoal(situation, { kind: "stay", waitingFor: null });
  // Regression: after an outage, in which all sessions expired, half of the fleet went back.
  assertGoal({ ...situation, hasRejoined: false }, { kind: "stay", waitingFor: null });
});

Deno.test("decideGoal: a host that was off when a rollout was aborted does not start its version", () => {
  const situation = { running: null, waves: [], service: service({ withdrawn: ["2"] }) };
  const { goal } = decide({ ...situation, current: { "web-2": { version: "2" } } });
  assert.deepEqual(withoutHash(goal), {
    kind: "start",
    version: "1",
    reason: "most popular: 1 host serves 1",
  });
});

Deno.test("decideGoal: a host that is down, and cannot have what it should start, goes along with the wave", () => {
  // Regression: a file of the running release was touched, and the machine restarted. It was down for ever, and the budget
  // held everybody else.
  const situation = { running: null, unstarted: "1" };
  assertGoal(situation, { kind: "roll", version: "2" });
  assertGoal({ ...situation, unstarted: null }, {
    kind: "start",
    version: "1",
    reason: "most popular: 2 hosts serve 1",
  });
  const canary = wave({ hosts: ["web-2"] });
  assert.equal(decide({ ...situation, waves: [canary] }).goal.kind, "start");
  // Regression, found by the simulation: what the wave brings had failed here, so it tried neither, for ever.
  assert.equal(decide({ ...situation, slots: [failedSlot("web-1")] }).goal.kind, "start");
  assert.equal(decide({ ...situation, offered: null }).goal.kind, "start");
});

Deno.test("decideGoal: nobody goes after a version outside of waves that the fence would not let it stop for", () => {
  // Regression: a host that had missed the first of two waves took a slot, drained and gave the slot back, over and over.
  const canary = wave({ hosts: ["web-2"] });
  const stay = { kind: "stay", waitingFor: null } as const;
  const situation = { waves: [canary], control: RUNNING, current: MOST_RUN_2, hasRejoined: false };
  assertGoal(situation, stay);
  assertGoal({ ...situation, service: service({ committed: null }) }, stay);
});

/** What a host says that has other content under version 2 than what is wanted. */
const REFUSAL =
  `2 is ${HASHES[0]} (what runs here), and ${HASHES[1]} is wanted under the same version; ` +
  "publish the new content under another version, and roll that out";

Deno.test("decideGoal: what runs is not taken for other content of the same version", () => {
  // Regression: v2 was published elsewhere with other content, and a host on the old v2 said that it was done.
  const republished = { waves: [wave({ infoHash: HASHES[1] })], offeredHash: HASHES[1] };
  const refusal: Goal = { kind: "stay", waitingFor: REFUSAL };
  assertGoal({ ...republished, running: "2", content: HASHES[0] }, refusal);
  assertGoal({ ...republished, running: "2", content: HASHES[1] }, {
    kind: "stay",
    waitingFor: null,
  });
  const committed = service({ committed: { ...release("2"), infoHash: HASHES[1] } });
  assertGoal({ waves: [], service: committed, running: "2", content: HASHES[0] }, refusal);
  assert.equal(decide({ ...republished, running: "2", content: HASHES[0] }).hasRejoined, true);
});

Deno.test("decideGoal: goes along with a wave whose version it knows with other content, if that does not run", () => {
  // Whether it has that on its disk is for the fetcher to find out.
  const waves = [wave({ infoHash: HASHES[1] })];
  const { goal } = decide({ waves, offeredHash: HASHES[1] });
  assert.deepEqual(goal, { kind: "roll", version: "2", infoHash: HASHES[1], restart: undefined });
  const waitingFor = "the release 2 is not on offer";
  assertGoal({ waves, offeredHash: HASHES[0] }, { kind: "stay", waitingFor });
});

Deno.test("decideGoal: the failure of other content of the same version is no failure of this one", () => {
  const waves = [wave({ infoHash: HASHES[1] })];
  const slots = [failedSlot("web-1", { infoHash: HASHES[0] })];
  assertGoal({ waves, slots, offeredHash: HASHES[1] }, { kind: "return_slot" });
  const same = [failedSlot("web-1", { infoHash: HASHES[1] })];
  assertGoal({ waves, slots: same, offeredHash: HASHES[1] }, {
    kind: "stay",
    waitingFor: "2 failed here: health gate",
  });
});

Deno.test("decideGoal: an agent that does not know which content runs is as one of an earlier version", () => {
  const waves = [wave({ infoHash: HASHES[1] })];
  assertGoal({ waves, offeredHash: HASHES[1], running: "2" }, { kind: "stay", waitingFor: null });
});

Deno.test("decideGoal: the others are looked at one by one only where nothing runs here, most of them serve, and another release is on offer", () => {
  const offered = { service: "A", infoHash: null, sizeBytes: 0, torrentUrl: null };
  const counted = (
    running: string | null,
    current: ViewChanges["current"] = {},
    version: string | null = "2",
  ) => {
    const all = view({ current });
    return decideGoal({
      host: "web-1",
      service: service(),
      offer: version === null ? null : { schema: 1, rollout: "r", ...offered, version },
      census: toCensus(all, "web-1"),
      view: null,
      waves: [],
      running: running === null ? null : { version: running },
      isServing: running !== null,
      hasRejoined: true,
      unstarted: null,
    }).goal.kind;
  };
  for (const version of ["1", null]) assert.equal(counted(null, {}, version), "start");
  assert.deepEqual([counted(null), counted("1"), counted("0")], [
    "look_around",
    "stay",
    "catch_up",
  ]);
  const down = { state: "down" } as const;
  assert.equal(counted(null, { "web-1": null }), "look_around");
  assert.equal(counted(null, { "web-1": null, "web-2": null }), "start");
  assert.equal(counted(null, { "web-1": down, "web-2": down, "web-3": down }), "start");
});

Deno.test("decideGoal: a host stays on what an abort has left behind, and on nothing that was rolled back", () => {
  const withdrawn = ["2"];
  const back = service({ withdrawn, abandoned: [] });
  const situation = { running: "2", waves: [], offered: null };
  assert.equal(decide({ ...situation, service: service({ withdrawn }) }).goal.kind, "stay");
  const left = service({ withdrawn, abandoned: withdrawn });
  assert.equal(decide({ ...situation, service: left }).goal.kind, "stay");
  assert.deepEqual(withoutHash(decide({ ...situation, service: back }).goal), {
    kind: "catch_up",
    version: "1",
    reason: "1 is the committed version",
  });
});

Deno.test("decideGoal: a host that has never served prepares what is on offer, not what is about to be replaced", () => {
  // Regression, found by trial: a new host fetched 200 GB of v1 although v2 was on offer.
  const fresh = { running: null, newcomers: ["web-1"] };
  assertGoal(fresh, { kind: "roll", version: "2" });
  const served = { kind: "start", version: "1", reason: "most popular: 2 hosts serve 1" } as const;
  assertGoal({ running: null }, served);
  assertGoal({ ...fresh, waves: [] }, served);
  assertGoal({ ...fresh, waves: [wave({ hosts: ["web-2"] })] }, served);
  assertGoal({ ...fresh, offered: null }, served);
  assertGoal({ ...fresh, slots: [failedSlot("web-1", { from: null })] }, served);
});

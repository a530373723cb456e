/** Tests of who may go down, and of the words in which the others learn what they wait for. */

import assert from "node:assert/strict";
import {
  type AdmissionRequest,
  type Control,
  covers,
  decideAdmission,
  decideFailure,
  decideFence,
  failedHosts,
  type FenceRequest,
  isHeld,
  type ServiceView,
  STEPS,
  toCensus,
} from "../../../rollout/mod.ts";
import { failedSlot, HASHES, slot, view, type ViewChanges, wave } from "./views.ts";

const REQUEST = {
  service: "A",
  version: "2",
  catchUp: false,
  behind: null,
  wallTimeMs: 0,
};

function ask(view: ServiceView, host = "web-1", more: Partial<AdmissionRequest> = {}) {
  const request = { ...REQUEST, host, ...more };
  return decideAdmission(toCensus(view, host), request);
}

function assertWaits(
  view: ServiceView,
  waitingFor: string,
  ...rest: [string?, Partial<AdmissionRequest>?]
) {
  assert.deepEqual(ask(view, ...rest), { admit: false, waitingFor, isForUnnamed: false });
}

function assertAdmitted(view: ServiceView, ...rest: [string?, Partial<AdmissionRequest>?]) {
  assert.equal(ask(view, ...rest).admit, true, JSON.stringify(ask(view, ...rest)));
}

function control(entry: Partial<Control>): Control {
  return { schema: 1, state: "running", by: "ann", reason: null, sinceMs: 0, ...entry };
}

const CATCH_UP = { catchUp: true } as const;

Deno.test("decideAdmission: the head of the staging queue is admitted, for the wave", () => {
  assert.deepEqual(ask(view()), { admit: true, wave: wave() });
});

Deno.test("decideAdmission: waits while control is not running, and says who stopped it and why", () => {
  assertWaits(view({ control: control({ state: "paused" }) }), "control is paused by ann");
  const halted = control({ state: "halted", by: "web-3", reason: "health gate failed" });
  assertWaits(view({ control: halted }), "control is halted by web-3: health gate failed");
  assertWaits(
    view({ control: halted }),
    "control is halted by web-3: health gate failed",
    "web-1",
    CATCH_UP,
  );
  assertAdmitted(view({ control: control({}) }));
});

Deno.test("decideAdmission: waits for its wave", () => {
  assertWaits(view({ wave: null }), "no wave in the deploy queue");
  const other = wave({ service: "B", version: "7" });
  assertWaits(view({ wave: other }), "wave of B 7 goes first");
  assertWaits(view({ wave: wave({ version: "3" }) }), "wave is for 3, not 2");
  assertWaits(view({ wave: wave({ hosts: ["web-2"] }) }), "wave of 2 goes to web-2 first");
  assertWaits(
    view({ wave: wave({ hosts: ["web-2", "web-9"] }) }),
    "wave of 2 goes to web-2, web-9 first",
  );
});

Deno.test("decideAdmission: waits for the quorum among the hosts that the wave covers", () => {
  const missing = "web-2 (not staged yet), web-3 (not staged yet)";
  assertWaits(view({ staged: ["web-1"] }), `quorum: 1 of 3 hosts staged; missing ${missing}`);
  const canary = wave({ hosts: ["web-1"] });
  assertAdmitted(view({ staged: ["web-1"], wave: canary }));
});

Deno.test("decideAdmission: who is first says who is missing from the quorum, the others behind whom they wait", () => {
  const preparation = { version: "2", phase: "fetching", progress: 0.418 } as const;
  const fleet = view({
    roster: ["web-1", "web-2", "web-3", "web-4", "web-5"],
    policy: { quorum: "100%" },
    staged: ["web-1", "web-2"],
    current: {
      "web-3": { preparation: { ...preparation, obstacle: "no peer can be reached" } },
      "web-4": null,
      "web-5": {
        preparation: { ...preparation, phase: "failed" },
        waitingFor: "get http://build/: refused",
      },
    },
  });
  assertWaits(
    fleet,
    "quorum: 2 of 5 hosts staged; missing web-3 (fetching 41 %: no peer can be reached), " +
      "web-4 (offline), web-5 (cannot prepare it: get http://build/: refused)",
  );
  const behind = { behind: "web-1" };
  assertWaits(fleet, "waits for its turn in the staging queue", "web-2", behind);
  const census = toCensus(fleet, "web-1");
  const request = { ...REQUEST, host: "web-1" };
  assert.deepEqual(decideAdmission({ ...census, missingHosts: null }, request), {
    admit: false,
    waitingFor: "quorum: 2 of 5 hosts staged",
    isForUnnamed: true,
  });
});

Deno.test("decideAdmission: the quorum counts hosts that are staged, switch, or run the version", () => {
  const policy = { quorum: "100%", maxUnavailable: 2, maxConcurrent: 2 } as const;
  assertAdmitted(
    view({ policy, staged: ["web-1", "web-2"], current: { "web-3": { version: "2" } } }),
  );
  assertAdmitted(view({ policy, staged: ["web-1", "web-2"], slots: [slot("web-3")] }));
  const elsewhere = slot("web-3", { to: "1", from: "0" });
  assertWaits(
    view({ policy, staged: ["web-1", "web-2"], slots: [elsewhere] }),
    "quorum: 2 of 3 hosts staged; missing web-3 (not staged yet)",
  );
});

Deno.test("decideAdmission: a failure that the policy allows does not take the quorum away", () => {
  // Regression: the failed host left the staging queue, three of four never became four of four again.
  const policy = { quorum: "100%", maxFailures: 1 } as const;
  assertAdmitted(view({ policy, staged: ["web-1", "web-2"], slots: [failedSlot("web-3")] }));
});

Deno.test("decideAdmission: staged entries of another version count for nothing", () => {
  const old = view();
  const staged = old.staged.map((entry) => ({ ...entry, version: "1.9" }));
  const hosts = ["web-1", "web-2", "web-3"].map((host) => `${host} (not staged yet)`).join(", ");
  assertWaits({ ...old, staged }, `quorum: 0 of 3 hosts staged; missing ${hosts}`);
});

Deno.test("decideAdmission: whoever is behind another one in the staging queue waits for it, unless it is down", () => {
  const behind = { behind: "web-1" };
  assertWaits(view(), "waits for its turn in the staging queue", "web-2", behind);
  assertWaits(
    { ...view(), staged: [] },
    "waits for its turn in the staging queue",
    "web-2",
    behind,
  );
  assertAdmitted(view(), "web-2");
  assertAdmitted(view({ current: { "web-2": { state: "down" } } }), "web-2", behind);
  assertAdmitted(view(), "web-2", { ...behind, ...CATCH_UP });
});

Deno.test("decideAdmission: hosts that are away from any cause use the budget up", () => {
  assertWaits(
    view({ current: { "web-3": { state: "down" } } }),
    "budget: 1 of 1 down, web-3 is down",
  );
  assertWaits(view({ current: { "web-3": null } }), "budget: 1 of 1 down, web-3 is offline");
  assertWaits(
    view({ slots: [slot("web-3", { step: "baking" })] }),
    "budget: 1 of 1 down, web-3 holds the slot (baking)",
  );
  const policy = { maxUnavailable: 2, maxConcurrent: 2 };
  assertWaits(
    view({
      policy,
      roster: ["web-1", "web-2", "web-3", "web-4"],
      current: { "web-3": null, "web-4": { state: "down" } },
    }),
    "budget: 2 of 2 down, web-3 is offline, web-4 is down",
  );
});

Deno.test("decideAdmission: maxConcurrent holds within the budget", () => {
  const changes = { policy: { maxUnavailable: 2 }, slots: [slot("web-3")] };
  assertWaits(view(changes), "one at a time: web-3 holds the slot (draining)");
  assertAdmitted(view({ ...changes, policy: { maxUnavailable: 2, maxConcurrent: 2 } }));
});

Deno.test("decideAdmission: a failed slot is not held", () => {
  const policy = { maxFailures: 1 };
  assertAdmitted(view({ policy, slots: [failedSlot("web-3")] }));
});

Deno.test("decideAdmission: a host that is down goes first and past the budget, not past quorum and control", () => {
  const current = { "web-2": { state: "down" }, "web-3": null } as const;
  assertAdmitted(view({ current }), "web-2");
  const missing = "web-1 (not staged yet), web-3 (offline)";
  assertWaits(
    view({ current, staged: ["web-2"] }),
    `quorum: 1 of 3 hosts staged; missing ${missing}`,
    "web-2",
  );
  const paused = control({ state: "paused" });
  assertWaits(view({ current, control: paused }), "control is paused by ann", "web-2");
});

Deno.test("decideAdmission: a host without an entry does not pass for one that is down", () => {
  // Regression: two hosts that had lost their sessions, not their services, both went past the budget.
  const current = { "web-1": null, "web-2": null };
  assertWaits(view({ current }), "not registered among the current hosts yet");
  assertWaits(view({ current }), "not registered among the current hosts yet", "web-2", CATCH_UP);
});

Deno.test("decideAdmission: a host that has a slot gets no second one", () => {
  assertWaits(view({ slots: [slot("web-1")] }), "holds its slot already (draining)");
  assertWaits(view({ slots: [failedSlot("web-1")] }), "switch to 2 failed: health gate");
  assertWaits(view({ slots: [failedSlot("web-1", { reason: null })] }), "switch to 2 failed");
  const down = { "web-1": { state: "down" } } as const;
  assertWaits(
    view({ current: down, slots: [failedSlot("web-1")] }),
    "switch to 2 failed: health gate",
  );
});

Deno.test("decideAdmission: a slot that stands of a switch that was dropped keeps no host that is down from the next", () => {
  const down = { "web-1": { state: "down" } } as const;
  assertAdmitted(view({ current: down, slots: [slot("web-1", { to: "1.9" })] }));
  assertWaits(
    view({ current: down, slots: [slot("web-1"), slot("web-2")] }),
    "one at a time: web-2 holds the slot (draining)",
  );
});

Deno.test("decideAdmission: catching up needs no wave, quorum or queue, but the budget", () => {
  const straggler = { wave: null, staged: [] };
  assert.deepEqual(ask(view(straggler), "web-2", CATCH_UP), { admit: true, wave: null });
  assert.deepEqual(ask(view({ staged: [] }), "web-2", CATCH_UP), { admit: true, wave: null });
  assertWaits(
    view({ ...straggler, current: { "web-3": { state: "down" } } }),
    "budget: 1 of 1 down, web-3 is down",
    "web-2",
    CATCH_UP,
  );
  assertAdmitted(
    view({ ...straggler, current: { "web-2": { state: "down" }, "web-3": null } }),
    "web-2",
    CATCH_UP,
  );
});

Deno.test("isHeld: every step but failed; no slot is not held", () => {
  assert.equal(isHeld(undefined), false);
  assert.deepEqual(STEPS.filter((step) => !isHeld(slot("web-1", { step }))), ["failed"]);
});

Deno.test("covers: all hosts, or those named", () => {
  assert.equal(covers({ hosts: null }, "web-1"), true);
  assert.equal(covers({ hosts: ["web-1"] }, "web-1"), true);
  assert.equal(covers({ hosts: ["web-1"] }, "web-10"), false);
});

Deno.test("decideAdmission: hosts that are down, offline or hold a slot are away, each once; a failed one is not", () => {
  const roster = ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6"];
  const current = {
    "web-1": null,
    "web-2": { state: "down" },
    "web-3": { state: "down" },
  } as const;
  const slots = [slot("web-3"), failedSlot("web-4"), slot("web-5")];
  const policy = { maxUnavailable: 3, maxConcurrent: 3, quorum: 1 };
  assertWaits(
    view({ roster, slots, current, policy }),
    "budget: 4 of 3 down, web-3 holds the slot (draining), web-5 holds the slot (draining), " +
      "web-1 is offline, and 1 more",
    "web-6",
    CATCH_UP,
  );
  const more = { ...policy, maxUnavailable: 5 };
  assertAdmitted(view({ roster, slots, current, policy: more }), "web-6", CATCH_UP);
});

Deno.test("decideAdmission: where the hosts are only counted, it asks for their names", () => {
  const census = toCensus(view({ current: { "web-3": null } }), "web-1");
  const request = { ...REQUEST, host: "web-1" };
  assert.deepEqual(decideAdmission({ ...census, awayHosts: null }, request), {
    admit: false,
    waitingFor: "budget: 1 of 1 down",
    isForUnnamed: true,
  });
  // Whoever holds a slot is known by it.
  const held = toCensus(view({ slots: [slot("web-3")] }), "web-1");
  assert.deepEqual(decideAdmission({ ...held, awayHosts: null }, request), {
    admit: false,
    waitingFor: "budget: 1 of 1 down, web-3 holds the slot (draining)",
    isForUnnamed: false,
  });
});

Deno.test("failedHosts: those of that version only", () => {
  const slots = [failedSlot("web-1"), failedSlot("web-2", { to: "1.9" }), slot("web-3")];
  const failed = failedHosts(toCensus(view({ slots }), "web-1"), { version: "2" });
  assert.deepEqual(failed.map(({ slot }) => slot.host), ["web-1"]);
});

Deno.test("decideAdmission: if all are down at once, they are admitted one at a time, except where nothing ran", () => {
  // Regression: a shared dependency failed all health checks, and all ten hosts switched at once.
  const current = { "web-1": { state: "down" }, "web-2": { state: "down" } } as const;
  const slots = [slot("web-1")];
  assertWaits(
    view({ current, slots }),
    "one at a time: web-1 holds the slot (draining)",
    "web-2",
  );
  assertAdmitted(view({ current, slots, policy: { maxConcurrent: 2 } }), "web-2");
  const empty = { ...current, "web-2": { state: "down", version: null } } as const;
  assertAdmitted(view({ current: empty, slots }), "web-2");
});

function fence(changes: ViewChanges, request: Partial<FenceRequest> = {}) {
  const own = slot("web-1");
  return decideFence(toCensus(view({ slots: [own], ...changes }), "web-1"), {
    slot: own,
    waveNodes: ["A-0000000000"],
    committed: { version: "1" },
    ...request,
  });
}

Deno.test("decideFence: a host that holds its slot may stop its service", () => {
  assert.deepEqual(fence({}), { stop: true });
  const own = slot("web-1", { wave: null });
  assert.deepEqual(
    fence({ slots: [own] }, { slot: own, waveNodes: [], committed: { version: "2" } }),
    {
      stop: true,
    },
  );
  assert.deepEqual(fence({ slots: [slot("web-1", { step: "stopping" })] }), { stop: true });
});

Deno.test("decideFence: not without its slot, with control not running, or without its wave", () => {
  // Regression: an agent that came back in draining stopped the service, though the operator had freed its slot, paused and
  // aborted meanwhile.
  const reason = (changes: ViewChanges, request: Partial<FenceRequest> = {}) => {
    const found = fence(changes, request);
    return found.stop ? "stops" : found.reason;
  };
  assert.equal(reason({ slots: [] }), "its slot is gone");
  assert.equal(reason({ slots: [slot("web-1", { sinceMs: 1 })] }), "its slot is gone");
  assert.equal(reason({ slots: [failedSlot("web-1")] }), "its slot is gone");
  assert.equal(reason({ control: control({ state: "paused" }) }), "control is paused by ann");
  assert.equal(reason({ control: control({ state: "halted" }) }), "control is halted by ann");
  assert.equal(reason({}, { waveNodes: [] }), "the wave of 2 is gone");
  const own = slot("web-1", { wave: null });
  assert.equal(
    reason({ slots: [own] }, { slot: own }),
    "2 is not the committed version any more",
  );
  assert.equal(
    reason({ current: { "web-1": null } }),
    "it is not registered among the current hosts",
  );
});

Deno.test("decideFence: looks at the budget and at who switches once more", () => {
  const down = { "web-1": { state: "down" } } as const;
  const second = { slots: [slot("web-1"), slot("web-2")] };
  const waits = { stop: false, reason: "one at a time: web-2 holds the slot (draining)" };
  assert.deepEqual(fence({ ...second, current: down }), waits);
  assert.deepEqual(fence({ current: { "web-2": { state: "down" } } }), {
    stop: false,
    reason: "budget: 1 of 1 down, web-2 is down",
  });
  // It was admitted beyond the budget because it was down, and it is down still.
  assert.deepEqual(fence({ current: { ...down, "web-2": { state: "down" } } }), { stop: true });
});
Deno.test("decideAdmission, decideFailure: a thousand hosts that are away make a short sentence", () => {
  const roster = Array.from({ length: 1_000 }, (_, index) => `web-${index}`);
  const offline = Object.fromEntries(roster.slice(1).map((host) => [host, null]));
  const slots = roster.slice(1).map((host) => failedSlot(host));
  const away = view({ roster, current: offline, staged: roster, policy: { quorum: 1 } });
  const admission = ask(away, "web-0");
  assert.match(
    admission.admit ? "" : admission.waitingFor,
    /^budget: 999 of 1 down, .*, and 996 more$/,
  );
  const failure = { host: "web-0", service: "A", version: "2", wave: null };
  const failed = { ...away, slots: new Map(slots.map((slot) => [slot.host, slot])) };
  const decision = decideFailure(toCensus(failed, "web-0"), failure);
  assert.match(
    decision.halt ? decision.reason : "",
    /failed on web-0, web-1, web-10, and 997 more: /,
  );
});

Deno.test("decideAdmission: other content under the version is staged by nobody, and in nobody's way", () => {
  const [one, other] = HASHES;
  const request = { version: "2", infoHash: one } as const;
  const policy = { quorum: 2 };
  const republished = { wave: wave({ infoHash: one }), policy };
  assertWaits(
    view({ ...republished, stagedHash: other }),
    "quorum: 0 of 2 hosts staged; missing web-1 (not staged yet), web-2 (not staged yet), " +
      "web-3 (not staged yet)",
    "web-1",
    request,
  );
  assertAdmitted(view({ ...republished, stagedHash: one }), "web-1", request);
  const current = { "web-2": { version: "2", infoHash: other } };
  const slots = [failedSlot("web-3", { infoHash: other })];
  assertWaits(
    view({ ...republished, current, slots, staged: ["web-1"], stagedHash: one }),
    "quorum: 1 of 2 hosts staged; missing web-2 (not staged yet), web-3 (not staged yet)",
    "web-1",
    request,
  );
  assertWaits(
    view({ ...republished, stagedHash: one }),
    `2 is ${other} (what is staged here), and ${one} is wanted under the same version; ` +
      "publish the new content under another version, and roll that out",
    "web-1",
    { version: "2", infoHash: other },
  );
});

Deno.test("decideFence: outside of waves, not for other content than that of the committed version", () => {
  const [one, other] = HASHES;
  const own = slot("web-1", { wave: null, infoHash: one });
  const committed = (infoHash: string) =>
    fence({ slots: [own] }, { slot: own, waveNodes: [], committed: { version: "2", infoHash } });
  assert.deepEqual(committed(one), { stop: true });
  assert.deepEqual(committed(other), {
    stop: false,
    reason: "2 is not the committed version any more",
  });
});

/** Before six in the morning, UTC, nobody begins to switch. */
const EARLY = { policy: { freeze: [{ to: "06:00", timeZone: "UTC", reason: "backups" }] } };

const FIVE_MS = 5 * 3_600_000;

Deno.test("decideAdmission: nobody begins to switch in a freeze window, and it is known when to ask again", () => {
  const atFive = { wallTimeMs: FIVE_MS };
  const frozen = {
    admit: false,
    waitingFor: "frozen until Thu 06:00 UTC: backups",
    isForUnnamed: false,
    againMs: 3_600_000,
  };
  assert.deepEqual(ask(view(EARLY), "web-1", atFive), frozen);
  assertAdmitted(view(EARLY), "web-1", { wallTimeMs: FIVE_MS + 3_600_000 });
  // Nor who is down already, or runs nothing: it would begin a switch as well.
  const down = view({ ...EARLY, current: { "web-1": { state: "down", version: null } } });
  assert.deepEqual(ask(down, "web-1", atFive), frozen);
  // What keeps the others from getting ready is said first.
  assertWaits(
    view({ ...EARLY, staged: ["web-1"] }),
    "quorum: 1 of 3 hosts staged; missing web-2 (not staged yet), web-3 (not staged yet)",
    "web-1",
    atFive,
  );
});

Deno.test("decideAdmission: an operator's word lets the hosts of its waves switch in a freeze, and nobody catch up", () => {
  const word = view({ ...EARLY, wave: wave({ ignoresFreeze: true }) });
  assertAdmitted(word, "web-1", { wallTimeMs: FIVE_MS });
  const { admit } = ask(word, "web-1", { wallTimeMs: FIVE_MS, ...CATCH_UP });
  assert.equal(admit, false);
  assertAdmitted(word, "web-1", { wallTimeMs: 2 * FIVE_MS, ...CATCH_UP });
});

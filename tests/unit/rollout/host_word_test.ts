/** Tests of an operator's word about one host, and of what the rules make of it. */

import assert from "node:assert/strict";
import {
  decideFailure,
  decideFinish,
  decideRetry,
  decideSkip,
  isQuorumMet,
  type Slot,
  slotsPath,
  toCensus,
  transactions,
} from "../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, roll, SERVICE } from "./memory_tree.ts";
import { current, failedSlot, slot, view, type ViewChanges, wave } from "./views.ts";

const WORD = { service: "A", by: "ann", reason: "slow disk", sinceMs: 7 } as const;

/** The record that a host is left out. */
function skippedSlot(host: string): Slot {
  return failedSlot(host, { skipped: { by: "ann", reason: null }, reason: "skipped by ann" });
}

function skip(host: string, changes: ViewChanges = {}, waves = [wave()]) {
  return decideSkip({ view: view(changes), waves }, { ...WORD, host });
}

function refusal(decision: ReturnType<typeof decideSkip> | ReturnType<typeof decideRetry>): string {
  return decision.kind === "refused" ? decision.why : `not refused: ${decision.kind}`;
}

Deno.test("decideSkip: the record says who, why, and what the host runs", () => {
  const decision = skip("web-2");
  assert.ok(decision.kind === "skip");
  assert.deepEqual({ ...decision.slot, infoHash: undefined }, {
    ...failedSlot("web-2", { sinceMs: 7, infoHash: undefined }),
    reason: "skipped by ann: slow disk",
    skipped: { by: "ann", reason: "slow disk" },
  });
  const away = skip("web-2", { current: { "web-2": null } });
  assert.equal(away.kind === "skip" && away.slot.from, null);
  const failed = skip("web-2", { slots: [failedSlot("web-2", { from: "0", controlVersion: 1 })] });
  assert.ok(failed.kind === "skip");
  assert.equal(failed.slot.reason, "skipped by ann: slow disk; it had failed: health gate");
  assert.equal(failed.slot.controlVersion, undefined, "a resume is no word about it");
});

Deno.test("decideSkip: not who is switching, is done, is not meant, or is the last", () => {
  assert.match(
    refusal(skip("web-2", { slots: [slot("web-2")] })),
    /is switching A to 2 \(draining\)/,
  );
  assert.match(
    refusal(skip("web-2", { current: { "web-2": { version: "2" } } })),
    /runs A 2 already/,
  );
  assert.match(refusal(skip("web-2", {}, [])), /nothing is rolled out to web-2 for A/);
  assert.match(refusal(skip("web-2", {}, [wave({ hosts: ["web-1"] })])), /nothing is rolled out/);
  assert.match(refusal(skip("web-9")), /not on the roster of A/);
  const slots = [skippedSlot("web-2")];
  assert.match(refusal(skip("web-2", { slots })), /web-2 is left out already: skipped by ann/);
  const others = [skippedSlot("web-1"), failedSlot("web-3")];
  assert.match(refusal(skip("web-2", { slots: others })), /is the last host that A 2 can go to/);
  // A canary may be left out as a whole.
  assert.equal(skip("web-1", {}, [wave({ hosts: ["web-1"] }), wave()]).kind, "skip");
});

Deno.test("decideRetry: whose switch has failed, or who is left out; not who is switching", () => {
  for (const record of [failedSlot("web-2"), skippedSlot("web-2")]) {
    assert.equal(
      decideRetry({ view: view({ slots: [record] }) }, { ...WORD, host: "web-2" }).kind,
      "retry",
    );
  }
  const of = (slots: Slot[]) => decideRetry({ view: view({ slots }) }, { ...WORD, host: "web-2" });
  assert.match(refusal(of([])), /no switch of A has failed on web-2/);
  assert.match(refusal(of([slot("web-2")])), /web-2 is switching A to 2/);
  // Regression: of a name that nobody has it was said that no switch had failed there.
  const stranger = decideRetry({ view: view({}) }, { ...WORD, host: "web-22" });
  assert.match(refusal(stranger), /web-22 is not on the roster of A; rollcall hosts list shows/);
  // A hook that fails leaves no record, and `status` shows the host as failed.
  const preparation = { version: "2", phase: "failed", progress: 0 } as const;
  const waitingFor = "2 failed here: the drain hook failed (next try after 60 s)";
  const hooked = view({ current: { "web-2": { preparation, waitingFor } } });
  assert.match(
    refusal(decideRetry({ view: hooked }, { ...WORD, host: "web-2" })),
    /^web-2 tries A 2 again by itself \(2 failed here: the drain hook .*\); at once: rollcall rollout skip web-2, then /,
  );
});

Deno.test("decideFinish: who is left out is not waited for, and uses up no failure", () => {
  const done = { "web-1": { version: "2" }, "web-3": { version: "2" } };
  const decide = (changes: ViewChanges) => decideFinish(toCensus(view(changes), "web-1"));
  assert.equal(decide({ current: done }), "going_on");
  assert.equal(decide({ current: done, slots: [failedSlot("web-2")] }), "going_on");
  assert.equal(decide({ current: done, slots: [skippedSlot("web-2")] }), "finished");
  const away = { ...done, "web-2": null };
  const strict = { maxUnavailable: 0 };
  assert.equal(decide({ current: away, policy: strict }), "going_on");
  assert.equal(
    decide({ current: away, slots: [skippedSlot("web-2")], policy: strict }),
    "finished",
  );
});

Deno.test("decideFinish: a canary that is left out as a whole is over; a wave for all is left to nobody", () => {
  const canary = wave({ hosts: ["web-1"] });
  const slots = [skippedSlot("web-1")];
  const decide = (changes: ViewChanges) => decideFinish(toCensus(view(changes), "web-2"));
  assert.equal(decide({ wave: canary, slots }), "finished");
  assert.equal(decide({ wave: canary, slots: [failedSlot("web-1")] }), "going_on");
  const all = ["web-1", "web-2", "web-3"].map(skippedSlot);
  assert.equal(decide({ slots: all }), "going_on");
});

Deno.test("decideFailure: who is left out does not count as a failure, but cannot run the version either", () => {
  const failure = { host: "web-1", service: "A", version: "2" };
  const decide = (changes: ViewChanges) => decideFailure(toCensus(view(changes), "web-1"), failure);
  const policy = { maxFailures: 1 };
  assert.equal(decide({ policy, slots: [failedSlot("web-2")] }).halt, true);
  assert.equal(decide({ policy, slots: [skippedSlot("web-2")] }).halt, false);
  assert.equal(decide({ policy, slots: [skippedSlot("web-2"), skippedSlot("web-3")] }).halt, true);
});

/** Has an operator say that, as the command does it. */
function say(tree: MemoryTree, verb: "skip" | "retry", host: string): transactions.Transaction {
  const reading = tree.read();
  const word = { ...WORD, host };
  const { slotsVersion } = reading.view;
  if (verb === "retry") return transactions.retryHost({ slotsVersion }, word);
  const decision = decideSkip(reading, word);
  assert.ok(decision.kind === "skip");
  const { slot, wave } = decision;
  const hasRecord = reading.view.slots.has(host);
  const view = { slotsVersion, hasRecord };
  return transactions.skipHost(view, { service: SERVICE, slot, wave, places: [] });
}

Deno.test("skipHost: counts for the quorum, also of a host that is away", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2", { quorum: "100%" });
  const first = tree.count("web-1");
  const [counted] = first.waves;
  assert.ok(counted?.tally);
  const staged = { version: "2", infoHash: null };
  const { standing, wanted } = tree.markers(current("web-1"), staged);
  const missing = [...wanted.difference(standing)];
  const data = new Uint8Array(0);
  must(tree.apply(missing.map((path) => ({ op: "create", path, data, mode: "ephemeral" }))));
  tree.expire("web-2");
  assert.ok(!isQuorumMet(tree.count("web-1").census));
  must(tree.apply(say(tree, "skip", "web-2")));
  assert.ok(isQuorumMet(tree.count("web-1").census));
  assert.equal(
    tree.read("web-1").census.counts?.readyCount,
    1,
    "who is left out, by a full reading",
  );
});

Deno.test("skipHost, retryHost: refused once the host has taken a slot", () => {
  for (const verb of ["skip", "retry"] as const) {
    const tree = fleet("web-1", "web-2");
    roll(tree, "2");
    if (verb === "retry") must(tree.apply(say(tree, "skip", "web-2")));
    const late = say(tree, verb, "web-2");
    if (verb === "retry") must(tree.apply(say(tree, "retry", "web-2")));
    const { census } = tree.count("web-2");
    const taken = slot("web-2");
    must(
      tree.apply(
        transactions.takeSlot(census, {
          service: SERVICE,
          slot: taken,
          wave: census.wave,
          place: null,
        }),
      ),
    );
    assert.notEqual(tree.apply(late), null);
    assert.equal(tree.entry(slotsPath(SERVICE, "web-2"))?.["step"], "draining");
  }
});

Deno.test("reportFailure: leaves an operator's word that the host is left out", () => {
  const tree = fleet("web-1", "web-2");
  roll(tree, "2", { maxFailures: 1 });
  must(tree.apply(say(tree, "skip", "web-2")));
  const before = tree.entry(slotsPath(SERVICE, "web-2"));
  const entry = current("web-2");
  const failure = {
    service: SERVICE,
    slot: slot("web-2"),
    entry,
    epoch: 0,
    nowMs: 0,
    markers: tree.markers(entry),
  };
  must(tree.apply(transactions.reportFailure(tree.read(), failure).operations));
  assert.deepEqual(tree.entry(slotsPath(SERVICE, "web-2")), before);
});

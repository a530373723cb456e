/** Which decisions of a fleet are found to be wrong. */

import assert from "node:assert/strict";
import { resolvePolicy } from "../../rollout/mod.ts";
import { readDecisions } from "./decisions.ts";
import type { NodeChange, Transaction } from "./transaction_log.ts";

const WAVE = "web-0000000000";

/** A tree in which three hosts serve v1 and a wave takes them to v2, one at a time. */
function start(policy = {}): NodeChange[] {
  return [
    set("/dc/control", { state: "running", by: "ann", reason: null, sinceMs: 0 }),
    set("/dc/services/web", {
      dependsOn: [],
      policy: resolvePolicy(policy),
      committed: null,
      withdrawn: [],
    }),
    set(`/dc/deploy/${WAVE}`, { rollout: "r", service: "web", version: "v2", hosts: null }),
    ...["a", "b", "c"].flatMap((host) => [
      set(`/dc/services/web/${host}`, {}),
      set(`/dc/current/web/${host}`, { host, state: "serving", version: "v1" }),
    ]),
  ];
}

function set(path: string, entry: Record<string, unknown>): NodeChange {
  return { path, data: new TextEncoder().encode(JSON.stringify({ schema: 1, ...entry })) };
}

function remove(path: string): NodeChange {
  return { path, data: null };
}

function slot(host: string, step: string): NodeChange {
  const entry = { host, from: "v1", to: "v2", step, sinceMs: 0, wave: WAVE, reason: null };
  return set(`/dc/slots/web/${host}`, entry);
}

/** Each list of changes is a transaction, ten seconds after the one before. */
function decide(...steps: readonly NodeChange[][]) {
  const transactions = steps.map((changes, index): Transaction => ({
    zxid: BigInt(index),
    timeMs: 10_000 * index,
    session: 1n,
    changes,
  }));
  const { violations, ...decisions } = readDecisions(transactions, "web");
  return { ...decisions, violations: violations.map(({ check, what }) => `${check}: ${what}`) };
}

Deno.test("readDecisions: a switch by the rules is nothing to complain of", () => {
  const { violations, slots, counts } = decide(
    start(),
    [slot("a", "draining")],
    [slot("a", "stopping")],
    [slot("a", "starting")],
    [remove("/dc/slots/web/a")],
    [slot("b", "draining")],
  );
  assert.deepEqual(violations, []);
  assert.deepEqual(
    slots.map(({ host, takenMs, fencedMs, endedMs }) => [
      host,
      takenMs,
      fencedMs,
      endedMs,
    ]),
    [["a", 10_000, 20_000, 40_000], ["b", 50_000, null, null]],
  );
  assert.equal(counts.get("slot taken"), 2);
  assert.equal(counts.get("fence passed"), 1);
});

Deno.test("readDecisions: nobody is admitted, or passes the fence, while control is paused", () => {
  const pause = [set("/dc/control", { state: "paused", by: "ann", reason: null, sinceMs: 0 })];
  assert.deepEqual(decide(start(), pause, [slot("a", "draining")]).violations, [
    "admission: admission of a to v2: expected control to be running, was paused",
  ]);
  const { violations } = decide(start(), [slot("a", "draining")], pause, [slot("a", "stopping")]);
  assert.deepEqual(violations, [
    "fence: fence of a to v2: expected control to be running, was paused",
  ]);
});

Deno.test("readDecisions: nobody passes the fence without its wave", () => {
  const { violations } = decide(
    start(),
    [slot("a", "draining")],
    [remove(`/dc/deploy/${WAVE}`)],
    [slot("a", "stopping")],
  );
  assert.deepEqual(violations, [
    `fence: fence of a to v2: expected its wave ${WAVE} in the queue, it is gone`,
  ]);
});

Deno.test("readDecisions: no more switch at once, and no more are away, than the policy says", () => {
  const both = decide(start({ maxUnavailable: 2 }), [slot("a", "draining")], [
    slot("b", "draining"),
  ]);
  assert.deepEqual(both.violations, [
    "admission: admission of b to v2: expected fewer than 1 others to switch, were a",
  ]);
  const down = set("/dc/current/web/c", { host: "c", state: "down", version: "v1" });
  assert.deepEqual(decide(start(), [down], [slot("a", "draining")]).violations, [
    "admission: admission of a to v2: c are away, the budget of the service is 1",
  ]);
  // Who is down itself makes nothing worse.
  const own = set("/dc/current/web/a", { host: "a", state: "down", version: "v1" });
  assert.deepEqual(decide(start(), [down, own], [slot("a", "draining")]).violations, []);
});

Deno.test("readDecisions: whoever halts says why", () => {
  const halt = set("/dc/control", { state: "halted", by: "a", reason: "", sinceMs: 0 });
  assert.deepEqual(decide(start(), [halt]).violations, [
    "halt: a halted the rollout without a reason",
  ]);
});

Deno.test("readDecisions: a version is withdrawn until it is rolled out again", () => {
  const service = (withdrawn: readonly string[]) => [
    set("/dc/services/web", {
      dependsOn: [],
      policy: resolvePolicy(),
      committed: null,
      withdrawn,
    }),
  ];
  const { withdrawals } = decide(start(), service(["v2"]), service(["v2", "v3"]), service(["v3"]));
  assert.deepEqual(withdrawals, [
    { version: "v2", fromMs: 10_000, untilMs: 30_000 },
    { version: "v3", fromMs: 20_000, untilMs: null },
  ]);
});

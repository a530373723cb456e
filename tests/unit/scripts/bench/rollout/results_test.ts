import assert from "node:assert/strict";
import { NO_COUNTS } from "../../../../../scripts/bench/rollout/counts.ts";
import { handovers, type Outcome } from "../../../../../scripts/bench/rollout/measure.ts";
import { RESTART_MS } from "../../../../../scripts/bench/rollout/pace.ts";
import {
  type Case,
  failuresOf,
  toRows,
  toTable,
} from "../../../../../scripts/bench/rollout/results.ts";

const OUTCOME: Outcome = {
  rollout: { ...NO_COUNTS, operations: 200, requests: 100, requestBytes: 1_000, replyBytes: 3_000 },
  idle: NO_COUNTS,
  idleMs: 30_000,
  handoversMs: [10, 20, 60],
};

function caseOf(contender: string, outcome: Outcome | null): Case {
  return {
    hostCount: 10,
    contender,
    isSimulated: false,
    outcomes: outcome === null ? [] : [outcome],
    failure: outcome === null ? "3 of 10 hosts serve v2 after 5 s" : null,
  };
}

function rowOf(cases: readonly Case[], name: string) {
  const row = toRows(cases).find((one) => one.case === `10 hosts: ${name}`);
  assert.ok(row !== undefined, name);
  return row;
}

Deno.test("toRows: per host; more operations than the other make a ratio below 1", () => {
  const cases = [
    caseOf("ours", OUTCOME),
    caseOf("kazoo", { ...OUTCOME, rollout: { ...OUTCOME.rollout, operations: 50 } }),
  ];
  assert.deepEqual(rowOf(cases, "operations per host and rollout"), {
    case: "10 hosts: operations per host and rollout",
    unit: "operations",
    ours: 20,
    peers: { kazoo: 5 },
    ratio: 0.25,
  });
  assert.equal(rowOf(cases, "bytes per host and rollout").ours, 400);
});

Deno.test("toRows: an idle fleet is given per minute; none of both is even, and none of the other leaves no ratio above 0", () => {
  const busy = { ...OUTCOME, idle: { ...NO_COUNTS, operations: 15 } };
  const name = "operations per idle host and minute";
  assert.equal(rowOf([caseOf("ours", busy)], name).ours, 3);
  assert.equal(rowOf([caseOf("ours", OUTCOME), caseOf("kazoo", OUTCOME)], name).ratio, 1);
  assert.equal(rowOf([caseOf("ours", busy), caseOf("kazoo", OUTCOME)], name).ratio, 0);
});

Deno.test("toRows: what was not measured has no row", () => {
  const rows = toRows([caseOf("ours", { ...OUTCOME, idleMs: 0 })]);
  assert.ok(rows.length > 0);
  assert.deepEqual(rows.filter((row) => row.case.includes("idle")), []);
});

Deno.test("results: what did not complete is not counted, and said", () => {
  const cases = [caseOf("ours", OUTCOME), caseOf("kazoo", null)];
  assert.deepEqual(rowOf(cases, "operations per host and rollout").peers, {});
  assert.deepEqual(failuresOf(cases), [
    "10 hosts, kazoo: did not complete: 3 of 10 hosts serve v2 after 5 s",
  ]);
  assert.match(toTable(cases), /\| did not complete \|/);
  assert.deepEqual(toRows([caseOf("ours", null), caseOf("kazoo", OUTCOME)]), []);
});

Deno.test("toRows: a simulated fleet is compared with the smallest real one, and no times of it", () => {
  const simulated = { ...caseOf("ours", OUTCOME), hostCount: 100, isSimulated: true };
  const rows = toRows([caseOf("ours", OUTCOME), caseOf("kazoo", OUTCOME), simulated])
    .filter((row) => row.case.startsWith("100 hosts, simulated: "));
  assert.deepEqual(rows[0], {
    case: "100 hosts, simulated: operations per host and rollout",
    unit: "operations",
    ours: 2,
    peers: { "ours, 10 hosts": 20 },
    ratio: 10,
  });
  assert.deepEqual(rows.filter((row) => row.unit === "ms"), []);
});

Deno.test("handovers: from stop to stop, without the restart, whoever reports first", () => {
  assert.deepEqual(handovers([200, 0, RESTART_MS + 7]), [7, 200 - 2 * RESTART_MS - 7]);
});

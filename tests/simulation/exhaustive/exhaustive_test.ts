/**
 * Every order of what small fleets do, and that planted bugs are noticed. `deno task simulate:exhaustive` goes through more.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CONTROL, slotsPath, type transactions } from "../../../rollout/mod.ts";
import { SERVICE } from "../../unit/rollout/memory_tree.ts";
import { explore } from "./explore.ts";
import { beginningOf, describePlan, type Plan, SHARE } from "./fleets.ts";

for (const plan of SHARE) {
  Deno.test(`exhaustive: the invariants hold in all states of ${describePlan(plan)}`, () => {
    const { states, ends, isComplete, violation } = explore(beginningOf(plan));
    assert.equal(violation, null, [violation?.message, ...violation?.trace ?? []].join("\n"));
    assert.ok(isComplete);
    assert.ok(states > 50 && ends > 0, `${states} states, ${ends} ends`);
  });
}

type Planted = (operations: transactions.Transaction) => transactions.Transaction;

const COUNTER = slotsPath(SERVICE);

/** Bugs, with the invariant that each breaks and where. */
const BUGS: Readonly<Record<string, { plan: Plan; breaks: RegExp; planted: Planted }>> = {
  "the counter's version is not looked at": {
    plan: { hostCount: 2, may: { powerCuts: 1 } },
    breaks: /^I1/,
    planted: (operations) =>
      operations.map((operation) =>
        operation.op === "set" && operation.path === COUNTER
          ? { op: "set", path: COUNTER, data: operation.data }
          : operation
      ),
  },
  "control is not looked at": {
    plan: { hostCount: 2, may: { pauses: 1 } },
    breaks: /^I6/,
    planted: (operations) =>
      operations.filter(({ op, path }) => !(op === "check" && path === CONTROL)),
  },
  "a wave that is gone is not looked at": {
    plan: { hostCount: 2, may: { aborts: 1 } },
    breaks: /^I[68]/,
    planted: (operations) =>
      operations.filter(({ op, path }) =>
        !(op === "check" && (path === CONTROL || path.startsWith("/dc/deploy/")))
      ),
  },
  "a slot goes with the session of its host": {
    plan: { hostCount: 2, may: { crashes: 1 } },
    breaks: /^I5/,
    planted: (operations) =>
      operations.map((operation) =>
        operation.op === "create" && operation.path.startsWith(`${COUNTER}/`)
          ? { ...operation, mode: "ephemeral" }
          : operation
      ),
  },
  "who registers moves nothing on": {
    plan: { hostCount: 2, may: { powerCuts: 1 } },
    breaks: /^I1/,
    planted: (operations) => {
      const registers = operations.some(({ op, path }) =>
        op === "create" && path.startsWith(`/dc/current/${SERVICE}/`)
      );
      return registers ? operations.filter(({ path }) => path !== COUNTER) : operations;
    },
  },
};

for (const [bug, { plan, breaks, planted }] of Object.entries(BUGS)) {
  Deno.test(`exhaustive: notices if ${bug}`, () => {
    const { violation } = explore({ ...beginningOf(plan), planted });
    assert.match(violation?.message ?? "nothing was noticed", breaks);
  });
}

/** Tests of when the gate before a wave opens, and what it says while it is closed. */

import assert from "node:assert/strict";
import {
  type Control,
  decideAdmission,
  decideFinish,
  decideGate,
  describeGate,
  type Gate,
  type GateWatch,
  makesCheck,
  toCensus,
} from "../../../rollout/mod.ts";
import { view, wave } from "./views.ts";

const NODE = wave().node;

const CHECK: Gate = {
  check: {
    name: "errors",
    hosts: ["web-1"],
    forMs: 60_000,
    withinMs: 600_000,
    everyMs: 1_000,
  },
};

function watch(seenMs: number, more: Partial<GateWatch> = {}): GateWatch {
  return { node: NODE, seenMs, sinceMs: 0, heldMs: null, lastWords: null, ...more };
}

function decide(
  gate: Gate | undefined,
  { host = "web-1", known = null, control = null }: {
    host?: string;
    known?: GateWatch | null;
    control?: Control | null;
  } = {},
) {
  const census = toCensus(view({ wave: wave({ gate }), control }), host);
  return decideGate(census, { service: "A", host, watch: known });
}

Deno.test("decideGate: without a gate, and at an open one, nothing is to be done", () => {
  assert.deepEqual(decide(undefined), { kind: "open" });
  const opened = { by: "ann", atMs: 1, how: "promoted" };
  assert.deepEqual(decide({ opened }), { kind: "open" });
});

Deno.test("decideGate: what only a person opens stays closed, however long that takes", () => {
  const known = watch(Number.MAX_SAFE_INTEGER, { heldMs: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(decide({}, { known }), { kind: "closed", againMs: null });
});

Deno.test("decideGate: opens when the host itself has seen the wave next for long enough", () => {
  const gate = { afterMs: 600_000 };
  assert.deepEqual(decide(gate, { known: watch(599_999) }), { kind: "closed", againMs: 1 });
  assert.deepEqual(decide(gate, { known: watch(600_000) }), {
    kind: "opens",
    how: "10m have passed",
  });
  // An agent that was started again knows nothing yet, and what it knew of another wave does not count.
  assert.equal(decide(gate).kind, "closed");
  assert.equal(decide(gate, { known: watch(600_000, { node: "A-0000000007" }) }).kind, "closed");
});

Deno.test("decideGate: nothing opens while control is not running", () => {
  for (const state of ["paused", "halted"] as const) {
    const control: Control = { schema: 1, state, by: "ann", reason: null, sinceMs: 0 };
    assert.equal(decide({ afterMs: 1 }, { known: watch(600_000), control }).kind, "closed");
  }
});

Deno.test("decideGate: a check has to hold for its time, and begins after the time of the gate", () => {
  const held = (heldMs: number) => decide(CHECK, { known: watch(100_000, { heldMs }) });
  assert.equal(held(59_999).kind, "closed");
  assert.deepEqual(held(60_000), { kind: "opens", how: "check errors has held for 1m" });
  const gate = { ...CHECK, afterMs: 300_000 };
  assert.deepEqual(decide(gate, { known: watch(299_000, { heldMs: 60_000 }) }), {
    kind: "closed",
    againMs: 1_000,
  });
  assert.equal(makesCheck(gate, { host: "web-1", watch: watch(299_999) }), false);
  assert.equal(makesCheck(gate, { host: "web-1", watch: watch(300_000) }), true);
  assert.equal(makesCheck(gate, { host: "web-2", watch: watch(300_000) }), false);
});

Deno.test("decideGate: a check that has not held within its time halts, with its last words", () => {
  const known = watch(600_000, { lastWords: "4.2 % of requests fail" });
  assert.deepEqual(decide(CHECK, { known }), {
    kind: "halts",
    reason: "gate before A 2: check errors has not held for 1m within 10m: 4.2 % of requests fail",
  });
  assert.equal(decide(CHECK, { known: { ...known, seenMs: 599_999 } }).kind, "closed");
});

Deno.test("decideGate: where nobody makes the check, another host halts a little later, and says so", () => {
  const known = watch(600_000);
  assert.deepEqual(decide(CHECK, { host: "web-2", known }), { kind: "closed", againMs: 60_000 });
  assert.deepEqual(decide(CHECK, { host: "web-2", known: { ...known, seenMs: 660_000 } }), {
    kind: "halts",
    reason: "gate before A 2: check errors has not held for 1m within 10m: nobody has opened it; " +
      "it is made by web-1",
  });
});

Deno.test("decideAdmission: nobody of a wave goes down before its gate is open", () => {
  const request = {
    host: "web-1",
    service: "A",
    version: "2",
    catchUp: false,
    behind: null,
    wallTimeMs: 0,
    gateSinceMs: Date.UTC(2026, 10, 30, 7, 45),
  };
  const ask = (gate: Gate, own = {}) =>
    decideAdmission(
      toCensus(view({ wave: wave({ gate }), current: { "web-1": own } }), "web-1"),
      request,
    );
  const closed = {
    admit: false,
    waitingFor: "gate: waits for `rollcall rollout promote`, since 2026-11-30 07:45 UTC",
    isForUnnamed: false,
  };
  assert.deepEqual(ask({}), closed);
  // Nor a host that is down, which else goes before all others.
  assert.deepEqual(ask({}, { state: "down" }), closed);
  assert.equal(ask({ opened: { by: "ann", atMs: 1, how: "promoted" } }).admit, true);
});

Deno.test("decideFinish: a wave whose hosts are all there is not over before its gate is open", () => {
  const done = { version: "2" };
  const current = { "web-1": done, "web-2": done, "web-3": done };
  const finish = (gate: Gate) =>
    decideFinish(toCensus(view({ wave: wave({ gate }), current }), "web-1"));
  assert.equal(finish({}), "going_on");
  assert.equal(finish({ opened: { by: "ann", atMs: 1, how: "promoted" } }), "finished");
});

Deno.test("describeGate: says what it waits for, and since when if that is known", () => {
  const sinceMs = Date.UTC(2026, 10, 30, 7, 45, 59);
  const words = (gate: Gate) => describeGate(gate, sinceMs);
  assert.equal(describeGate({}, null), "gate: waits for `rollcall rollout promote`");
  assert.equal(
    words({ afterMs: 600_000 }),
    "gate: waits for 10m to pass, since 2026-11-30 07:45 UTC",
  );
  assert.equal(
    words({ ...CHECK, afterMs: 600_000 }),
    "gate: waits for 10m to pass, then check errors to hold for 1m, since 2026-11-30 07:45 UTC",
  );
  assert.equal(
    words({ afterMs: 10_000, baking: ["index"] }),
    "gate: waits for 10s, in which index bakes, to pass, since 2026-11-30 07:45 UTC",
  );
});

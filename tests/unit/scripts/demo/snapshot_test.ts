import assert from "node:assert/strict";
import { describeFleet, parseSnapshot, phaseOf } from "../../../../scripts/demo/snapshot.ts";
import { fleetSnapshot, hostSnapshot, preparing, switching } from "./fixtures.ts";

Deno.test("parseSnapshot takes what status prints, and ignores keys that it does not know", () => {
  const snapshot = fleetSnapshot(2);
  const line = JSON.stringify({ ...snapshot, more: 1 });
  assert.deepEqual(parseSnapshot(line), snapshot);
});

Deno.test("parseSnapshot says what is wrong with a line", () => {
  assert.throws(() => parseSnapshot("hello"), /expected a line of JSON, was hello/);
  assert.throws(() => parseSnapshot('{"control":{}}'), /control\.state/);
});

Deno.test("phaseOf knows every state of a host", () => {
  const phases = [
    phaseOf(null, "v2"),
    phaseOf(hostSnapshot({ online: false, ...switching("stop") }), "v2"),
    phaseOf(hostSnapshot(preparing("fetching", 0.2)), "v2"),
    phaseOf(hostSnapshot(preparing("staged")), "v2"),
    phaseOf(hostSnapshot({ ...preparing("staged"), ...switching("stop") }), "v2"),
    phaseOf(hostSnapshot({ ...preparing("staged"), version: "v2" }), "v2"),
    phaseOf(hostSnapshot({ state: "down" }), "v2"),
    phaseOf(hostSnapshot(), "v2"),
    phaseOf(hostSnapshot(), "v1"),
    phaseOf(hostSnapshot({ version: null, state: "down" }), "v1"),
  ];
  assert.deepEqual(phases, [
    "absent",
    "offline",
    "fetching",
    "staged",
    "switching",
    "current",
    "down",
    "waiting",
    "current",
    "waiting",
  ]);
});

Deno.test("describeFleet has a line for each host of each service", () => {
  const text = describeFleet(fleetSnapshot(2, () => ({ waitingFor: "the quorum" })));
  assert.match(text, /web-2 B v1: waiting, waits for the quorum/);
  assert.equal(text.split("\n").length, 5);
  assert.equal(describeFleet(null), "no status was seen");
});

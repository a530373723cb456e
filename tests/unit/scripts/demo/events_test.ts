import assert from "node:assert/strict";
import { listEvents } from "../../../../scripts/demo/events.ts";
import { fleetSnapshot, preparing, switching } from "./fixtures.ts";

const QUIET = fleetSnapshot(2);

Deno.test("listEvents says nothing when nothing happened", () => {
  assert.deepEqual(listEvents(QUIET, fleetSnapshot(2), "v2"), []);
});

Deno.test("listEvents has a line for a new phase, and none for mere progress", () => {
  const fetching = (progress: number) =>
    fleetSnapshot(
      2,
      (host, service) => host === "web-1" && service === "A" ? preparing("fetching", progress) : {},
    );
  assert.deepEqual(listEvents(QUIET, fetching(0), "v2"), ["web-1 A: fetching v2"]);
  assert.deepEqual(listEvents(fetching(0), fetching(0.5), "v2"), []);
});

Deno.test("listEvents follows a switch step by step", () => {
  const at = (changes: ReturnType<typeof switching>) =>
    fleetSnapshot(2, (host, service) => host === "web-2" && service === "B" ? changes : {});
  assert.deepEqual(listEvents(QUIET, at(switching("stop")), "v2"), ["web-2 B: stop (v1 to v2)"]);
  assert.deepEqual(listEvents(at(switching("stop")), at(switching("start")), "v2"), [
    "web-2 B: start (v1 to v2)",
  ]);
  assert.deepEqual(listEvents(at(switching("start")), at({ version: "v2" }), "v2"), [
    "web-2 B: runs v2",
  ]);
});

Deno.test("listEvents tells who went away and when control changed", () => {
  const halted = {
    ...fleetSnapshot(2, (host) => ({ online: host !== "web-1" })),
    control: { state: "halted" },
  };
  assert.deepEqual(listEvents(QUIET, halted, "v2"), [
    "control is halted",
    "web-1 A: offline",
    "web-1 B: offline",
  ]);
});

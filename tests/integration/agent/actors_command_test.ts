/**
 * `rollcall actors`: shows the tree of a host's agent over a remote reference, with traces and the last events.
 *
 * @module
 */

import assert from "node:assert/strict";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("rollcall actors: shows the tree of an agent that is online, as text and as JSON", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.install("v1");
    const { endpoint } = await fleet.untilHost(
      "web-1",
      "names its endpoint",
      (host) => host.endpoint !== null,
    );
    const address = ["--zookeeper", fleet.connectString];
    const shown = await rollcall("actors", "web-1", ...address);
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /^web-1: \d+ actors, /);
    assert.match(shown.stdout, /\n├─ registrar +\d+ .* web: v1 serving/);
    assert.match(shown.stdout, /\n├─ service:web +\d+/);
    assert.match(shown.stdout, /\n│ {2}├─ runner +\d+ .* wanted: v1; runs: v1 pid \d+; health: ok/);
    assert.match(shown.stdout, /\n│ {2}├─ fetcher +\d+ .* transfers: v1 100% \d+ peers/);
    assert.match(shown.stdout, /\n│ {2}└─ upgrade_coordinator +\d+/);

    const json = await rollcall("actors", endpoint ?? "", "--once", "--json");
    assert.equal(json.status, 0, json.stderr);
    const { actors } = JSON.parse(json.stdout);
    const names = actors.map(({ name }: { name: string }) => name);
    assert.deepEqual(names.toSorted(), ["agent", "observer", "remote"]);
    assert.equal(typeof actors[0].handledPerSecond, "number");

    const nobody = await rollcall("actors", "web-9", ...address);
    assert.equal(nobody.status, 1);
    assert.match(nobody.stderr, /expected an agent that is online, there are web-1/);
  });
});

Deno.test("rollcall actors: follows one actor, and tells what happened last", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.install("v1");
    const address = ["--zookeeper", fleet.connectString];
    // The runner checks the service ten times a second.
    const traced = await rollcall(
      ...["actors", "web-1", "--trace", "/agent/service:web/runner", "--once", "--json"],
      ...address,
    );
    assert.equal(traced.status, 0, traced.stderr);
    const handled = traced.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(handled.some(({ text }) => text.includes("type: 'check_due'")), traced.stdout);
    const numbers = handled.map(({ number }) => number);
    assert.deepEqual(numbers, numbers.map((_, index) => numbers[0] + index));

    const wrong = await rollcall("actors", "web-1", "--trace", "/agent/registra", ...address);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /expected the path of an actor, such as \/agent\/registrar/);

    const events = await rollcall("actors", "web-1", "--events", ...address);
    assert.equal(events.status, 0, events.stderr);
    assert.match(events.stdout, /^[\d:.]{12} {2}started {6}\/\n/);
    assert.match(events.stdout, / {2}started {6}\/agent\/service:web\/upgrade_coordinator\n/);

    const both = await rollcall("actors", "web-1", "--events", "--trace", "/agent", ...address);
    assert.equal(both.status, 2);
  });
});

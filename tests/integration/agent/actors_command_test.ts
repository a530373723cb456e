/**
 * `rollcall actors`: from the name of a host to the tree of its agent's actors, over a remote reference.
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
    assert.match(shown.stdout, /^web-1: \d+ actors\n/);
    assert.match(shown.stdout, /\n {2}service:web +\d+/);
    assert.match(shown.stdout, /\n {4}upgrade_coordinator +\d+/);

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

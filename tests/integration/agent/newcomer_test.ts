/** A host that joins while others are upgraded. */

import assert from "node:assert/strict";
import { forgetHost } from "../../../coordination/mod.ts";
import { TestFleet } from "./harness/fleet.ts";

/** So slow that the release takes half a minute, and nothing here waits for that. */
const SLOW = { agentKeys: { limits: { down: { total: "64K" } } } };

const LARGE = { sizeBytes: 2_000_000 };

Deno.test("newcomer: a host that joins and fetches for long holds nobody up, prepares what is on offer, and can be forgotten (I1)", async () => {
  // Regression: it counted as away and held everybody up, fetched v1 although v2 was on offer, and `forget` was refused.
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"] }, async (fleet) => {
    await fleet.killAgent("web-3");
    await fleet.untilOffline(["web-3"]);
    await forgetHost(fleet.zookeeper, "web-3");
    await fleet.publish("v1", { kind: "healthy" }, LARGE);
    await fleet.startRollout({ versions: { web: "v1" } });
    await fleet.untilFinished();
    await fleet.startAgent("web-3", SLOW);
    await fleet.untilHost(
      "web-3",
      "fetches v1",
      ({ preparation }) => preparation?.version === "v1",
    );
    await fleet.publish("v2", { kind: "healthy" }, LARGE);
    await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.untilServing("v2", ["web-1", "web-2"]);
    const newcomer = await fleet.untilHost(
      "web-3",
      "prepares what is on offer",
      ({ preparation }) => preparation?.version === "v2",
    );
    assert.deepEqual([newcomer.newcomer, newcomer.version, newcomer.state], [true, null, "down"]);
    await fleet.killAgent("web-3");
    await fleet.untilOffline(["web-3"]);
    await forgetHost(fleet.zookeeper, "web-3");
    await fleet.untilFinished();
  });
});

/**
 * A release that nobody has, as the fleet says it, and how it goes on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("nothing arrives: a host says why, in its entry and its log, until somebody has the release", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.publish("v1");
    await fleet.startRollout({
      versions: { web: "v1" },
      beforeWriting: () => fleet.build.stopSeeding(),
    });
    const { preparation } = await fleet.untilHost(
      "web-1",
      "says why nothing arrives",
      (host) => host.preparation?.obstacle !== undefined,
    );
    assert.equal(preparation?.phase, "fetching");
    assert.match(
      preparation.obstacle ?? "",
      /^the tracker http:\S+ knows nobody who has it: is its build machine seeding\?$/,
    );
    assert.match(fleet.agent("web-1").log, /web v1: nothing arrives: the tracker http:/);
    await fleet.build.goAway();
    await fleet.build.comeBack();
    await fleet.untilFinished();
    await fleet.untilServing("v1");
    assert.match(fleet.agent("web-1").log, /web v1: it arrives again/);
    assert.equal((await fleet.host("web-1")).preparation, null);
  });
});

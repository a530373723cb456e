/** Hosts that may not lock a release: what becomes of the rollout. */

import assert from "node:assert/strict";
import { forgetHost } from "../../../coordination/mod.ts";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

/** A host may lock two pages. */
const SMALL = { serviceKeys: { pin: { mode: "required", limit: "8K" } } };

/** More than that. */
const LARGE = { sizeBytes: 20_000 };

Deno.test("pin: a canary that can never lock the release halts the rollout after its deadline, with the reason, and the command ends with 1", async () => {
  // Regression: the rollout was `running` for ever, and the command never returned.
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killAgent("web-1");
    await fleet.startAgent("web-1", SMALL);
    await fleet.publish("v2", { kind: "healthy" }, LARGE);
    await fleet.startRollout({
      versions: { web: "v2" },
      policy: { preparation: { stall: 1_000 } },
      waves: { web: [{ hosts: ["web-1"] }, "all"] },
    });
    const watched = await rollcall("rollout", "watch", "--zookeeper", fleet.connectString);
    assert.equal(watched.status, 1, watched.stderr);
    assert.match(
      watched.stderr,
      /halted by web-1: web v2 failed on web-1: the policy allows 0 \(web-1: v2 cannot be prepared: no progress for 1s .*expected at most 8192 bytes, as configured/,
    );
    // Nobody has gone down, and an operator leaves the host out.
    await fleet.untilServing("v1");
    await fleet.abort();
  });
});

Deno.test("pin: a host that joins and may not lock what the fleet runs goes along with a version that it may lock", async () => {
  // Regression: it tried the old version for ever, never took the new one, and the budget held all others.
  await TestFleet.run({ hosts: ["web-1", "web-2", "web-3"] }, async (fleet) => {
    await fleet.killAgent("web-3");
    await fleet.untilOffline(["web-3"]);
    await forgetHost(fleet.zookeeper, "web-3");
    await fleet.publish("v1", { kind: "healthy" }, LARGE);
    await fleet.startRollout({ versions: { web: "v1" } });
    await fleet.untilFinished();
    await fleet.untilServing("v1", ["web-1", "web-2"]);
    await fleet.startAgent("web-3", SMALL);
    await fleet.untilHost(
      "web-3",
      "says that it may not lock v1",
      ({ waitingFor }) => /expected at most 8192 bytes, as configured/.test(waitingFor ?? ""),
    );
    await fleet.publish("v2");
    await fleet.startRollout({
      versions: { web: "v2" },
      policy: { quorum: "100%", maxUnavailable: 1 },
    });
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});

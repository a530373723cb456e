import assert from "node:assert/strict";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("progress: a canary that is offline halts the rollout after its deadline, and `rollout watch` ends with 1 (I7)", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.killMachine("web-1");
    await fleet.untilOffline(["web-1"]);
    await fleet.publish("v2");
    await fleet.startRollout({
      versions: { web: "v2" },
      policy: { progressDeadline: 2_000 },
      order: [{ service: "web", hosts: ["web-1"] }, "web"],
    });
    const watched = await rollcall("rollout", "watch", "--zookeeper", fleet.connectString);
    const reason =
      "web v2 has got no further for 2s: 0 of 1 hosts are ready, 0 serve it; web-1 is offline";
    assert.equal(watched.status, 1, watched.stderr);
    assert.ok(watched.stderr.includes(`halted by web-2: ${reason}`), watched.stderr);
    const { control } = await fleet.read();
    assert.deepEqual([control?.state, control?.by, control?.reason], ["halted", "web-2", reason]);

    // The canary comes back, and an operator has it go on.
    await fleet.startAgent("web-1");
    await fleet.untilOnline(["web-1"]);
    await fleet.resume();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});

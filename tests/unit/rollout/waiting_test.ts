import assert from "node:assert/strict";
import { topicOf, waitingSince } from "../../../rollout/mod.ts";

Deno.test("topicOf: what is waited for, without the details of the moment", () => {
  assert.equal(topicOf("quorum: 5 of 8 hosts staged; missing web-4 (offline)"), "quorum");
  assert.equal(topicOf("control is paused by ann: lunch"), "control is paused by ann");
  assert.equal(
    topicOf("waits behind web-2 in the staging queue"),
    topicOf(
      "waits behind web-2 in the staging queue",
    ),
  );
  assert.equal(
    topicOf("runs otherwise than its config says (env PORT)"),
    topicOf(
      "runs otherwise than its config says (env PORT, command)",
    ),
  );
});

Deno.test("waitingSince: begins with the wait, and goes on while only its details change", () => {
  const quorum = { waitingFor: "quorum: 5 of 8 hosts staged", waitingSinceMs: 100 };
  assert.equal(waitingSince({ waitingFor: null }, "quorum: 5 of 8 hosts staged", 100), 100);
  assert.equal(waitingSince(quorum, "quorum: 6 of 8 hosts staged", 200), 100);
  assert.equal(waitingSince(quorum, "budget: 1 of 1 down", 200), 200);
  assert.equal(waitingSince(quorum, null, 200), undefined);
});

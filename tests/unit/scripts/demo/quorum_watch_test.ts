import assert from "node:assert/strict";
import { QuorumWatch } from "../../../../scripts/demo/quorum_watch.ts";
import { fleetSnapshot, preparing, switching } from "./fixtures.ts";

/** `staged` hosts of A are staged, the first of them switches if asked to. */
function snapshot(stagedCount: number, hasSwitch: boolean) {
  return fleetSnapshot(6, (host, service) => {
    if (service === "B" || Number(host.slice("web-".length)) > stagedCount) {
      return preparing("fetching", 0.5);
    }
    return hasSwitch && host === "web-1"
      ? { ...preparing("switching"), ...switching("stop") }
      : { ...preparing("staged"), queued: true };
  });
}

Deno.test("QuorumWatch counts who was ready when the first host switched", () => {
  const watch = new QuorumWatch("v2");
  watch.accept(snapshot(4, false));
  assert.equal(watch.firstSwitch("A"), null);
  watch.accept(snapshot(5, true));
  watch.accept(snapshot(6, true));
  assert.deepEqual(watch.firstSwitch("A"), { stagedCount: 5, hostsCount: 6 });
  assert.equal(watch.firstSwitch("B"), null);
});

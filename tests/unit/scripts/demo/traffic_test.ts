import assert from "node:assert/strict";
import { totalBytes } from "../../../../base/locality.ts";
import { TrafficMeter } from "../../../../scripts/demo/traffic.ts";
import { fleetSnapshot } from "./fixtures.ts";

function snapshot(version: string, remoteBytes: number, siteBytes = 0, reusedBytes = 0) {
  return fleetSnapshot(
    2,
    (host, service) =>
      host === "web-1" && service === "A"
        ? { received: { version, rackBytes: 0, siteBytes, remoteBytes, reusedBytes } }
        : {},
  );
}

const HOST = { service: "A", host: "web-1" };

Deno.test("TrafficMeter keeps the releases apart", () => {
  const meter = new TrafficMeter();
  for (const state of [snapshot("v1", 50), snapshot("v1", 100), snapshot("v2", 7, 3)]) {
    meter.accept(state);
  }
  assert.equal(totalBytes(meter.received({ ...HOST, version: "v1" })), 100);
  assert.deepEqual(meter.received({ ...HOST, version: "v2" }), {
    rackBytes: 0,
    siteBytes: 3,
    remoteBytes: 7,
    reusedBytes: 0,
  });
  assert.equal(totalBytes(meter.received({ ...HOST, host: "web-2", version: "v2" })), 0);
});

Deno.test("TrafficMeter goes on counting when a counter has begun again from zero", () => {
  const meter = new TrafficMeter();
  for (const bytes of [10, 60, 0, 20, 40]) meter.accept(snapshot("v2", bytes));
  assert.equal(totalBytes(meter.received({ ...HOST, version: "v2" })), 100);
});

Deno.test("TrafficMeter counts what was found on the host's own disk once, and not as traffic", () => {
  const meter = new TrafficMeter();
  meter.accept(snapshot("v2", 10, 0, 90));
  meter.accept(snapshot("v2", 0, 0, 0));
  meter.accept(snapshot("v2", 5, 0, 90));
  const received = meter.received({ ...HOST, version: "v2" });
  assert.deepEqual([totalBytes(received), received.reusedBytes], [15, 90]);
});

/** The metrics of the tracker. */

import assert from "node:assert/strict";
import { TrackerMetrics } from "../../../../tracker/stats/metrics.ts";
import { halfWay, setUp } from "./reported_swarms.ts";

Deno.test("TrackerMetrics: the report's figures, and none of a release that is gone", async () => {
  const { statistics } = halfWay();
  const metrics = new TrackerMetrics();
  const text = await metrics.render(statistics.get());
  const hash = "78".repeat(20);
  assert.match(
    text,
    new RegExp(`rollcall_tracker_received_bytes{info_hash="${hash}",border="site"} 660`),
  );
  assert.match(text, /rollcall_tracker_answered_total{protocol="http",kind="announce"} 10/);
  assert.match(
    text,
    new RegExp(`peers{info_hash="${hash}",site="south",kind="leecher"} 3`),
  );
  const later = await metrics.render(setUp().statistics.get());
  assert.ok(!later.includes(hash));
});

/** What the tracker reports about a release. */

import assert from "node:assert/strict";
import { halfWay, SIZE } from "./reported_swarms.ts";

Deno.test("reportOn: bytes by border beside the least possible so far, copies and gateways", () => {
  const [report] = halfWay().statistics.get().swarms;
  assert.ok(report !== undefined);
  assert.equal(report.name, "search v42");
  assert.equal(report.sizeBytes, SIZE);
  assert.deepEqual(report.acrossSites, { bytes: 660, leastBytes: 600, ratio: 1.1 });
  assert.deepEqual(report.acrossRacks, { bytes: 1160, leastBytes: 1100, ratio: 1160 / 1100 });
  assert.equal(report.insideRacksBytes, 840);
  assert.deepEqual(report.sites.map(({ name, peers, copies }) => [name, peers, copies]), [
    ["north", 3, 1],
    ["south", 3, 0],
  ]);
  assert.deepEqual(report.gateways.map((gateway) => gateway.slice(0, 2)).sort(), ["n1", "s1"]);
});

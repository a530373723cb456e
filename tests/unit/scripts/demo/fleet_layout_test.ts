import assert from "node:assert/strict";
import { layOutFleet, leastTraffic } from "../../../../scripts/demo/fleet_layout.ts";

Deno.test("layOutFleet puts six hosts in two sites of two racks, neighbours together", () => {
  assert.deepEqual(layOutFleet(6).map(({ name, site, rack }) => `${name} ${site}/${rack}`), [
    "web-1 s1/r1",
    "web-2 s1/r1",
    "web-3 s1/r2",
    "web-4 s2/r3",
    "web-5 s2/r3",
    "web-6 s2/r4",
  ]);
});

Deno.test("layOutFleet spreads any number of hosts evenly, over both sites even with two", () => {
  for (let count = 2; count <= 20; count++) {
    const hosts = layOutFleet(count);
    assert.equal(hosts.length, count);
    assert.equal(new Set(hosts.map(({ name }) => name)).size, count);
    for (const key of ["site", "rack"] as const) {
      const sizes = [...Map.groupBy(hosts, (host) => host[key]).values()].map((group) =>
        group.length
      );
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${count} hosts by ${key}: ${sizes}`);
    }
    assert.equal(new Set(hosts.map(({ site }) => site)).size, 2);
    assert.equal(new Set(hosts.map(({ rack }) => rack)).size, Math.min(4, count));
  }
});

Deno.test("leastTraffic counts a copy for each further site and for each rack that holds hosts", () => {
  assert.deepEqual(leastTraffic(layOutFleet(6), 100), { crossSiteBytes: 100, crossRackBytes: 400 });
  assert.deepEqual(leastTraffic(layOutFleet(2), 100), { crossSiteBytes: 100, crossRackBytes: 200 });
  const oneRack = [{ name: "web-1", site: "s1", rack: "r1" }];
  assert.deepEqual(leastTraffic(oneRack, 100), { crossSiteBytes: 0, crossRackBytes: 100 });
});

Deno.test("leastTraffic needs nothing for a host in the build machine's own rack", () => {
  const beside = [{ name: "web-1", site: "s1", rack: "build" }];
  assert.deepEqual(leastTraffic(beside, 100), { crossSiteBytes: 0, crossRackBytes: 0 });
});

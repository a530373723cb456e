/** Where an address stands according to the operator's map. */

import assert from "node:assert/strict";
import { SubnetMap } from "../../../../tracker/members/subnet_map.ts";

const map = new SubnetMap([
  { cidr: "10.1.0.0/16", site: "north", rack: "any" },
  { cidr: "10.1.2.0/24", site: "north", rack: "b" },
  { cidr: "fd00:1::/32", site: "south", rack: "a" },
]);

Deno.test("SubnetMap: the longest prefix counts", () => {
  assert.deepEqual(map.locationOf("10.1.2.3"), { site: "north", rack: "b" });
  assert.deepEqual(map.locationOf("10.1.3.3"), { site: "north", rack: "any" });
  assert.deepEqual(map.locationOf("::ffff:10.1.2.3"), { site: "north", rack: "b" });
  assert.deepEqual(map.locationOf("fd00:1::5"), { site: "south", rack: "a" });
});

Deno.test("SubnetMap: what is in no subnet, or no address, has no place", () => {
  assert.equal(map.locationOf("192.168.1.1"), undefined);
  assert.equal(map.locationOf("web-1"), undefined);
});

Deno.test("SubnetMap: a line that is no subnet is named", () => {
  assert.throws(
    () => new SubnetMap([{ cidr: "10.1.2.0", site: "north", rack: "b" }]),
    /"10\.1\.2\.0"/,
  );
});

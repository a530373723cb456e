import assert from "node:assert/strict";
import {
  countBytes,
  type Distance,
  distanceBetween,
  isWithin,
  type Locality,
  totalBytes,
} from "../../../base/locality.ts";

const HERE: Locality = { host: "web-1", site: "ams", rack: "r1" };

Deno.test("distanceBetween: a rack counts within its site alone, and who is unknown is remote", () => {
  const distances = [
    { host: "web-1", site: "ams", rack: "r1" },
    { host: "web-2", site: "ams", rack: "r1" },
    { host: "web-3", site: "ams", rack: "r2" },
    { host: "web-4", site: "fra", rack: "r1" },
    undefined,
  ].map((there) => distanceBetween(HERE, there));
  assert.deepEqual(distances, ["rack", "rack", "site", "remote", "remote"]);
});

Deno.test("countBytes, totalBytes: each distance by itself, and all together", () => {
  const bytes = { rackBytes: 0, siteBytes: 0, remoteBytes: 0 };
  countBytes(bytes, "rack", 1);
  countBytes(bytes, "site", 20);
  countBytes(bytes, "remote", 300);
  countBytes(bytes, "rack", 4_000);
  assert.deepEqual(bytes, { rackBytes: 4_001, siteBytes: 20, remoteBytes: 300 });
  assert.equal(totalBytes(bytes), 4_321);
});

Deno.test("isWithin: nearer is within, farther is not", () => {
  const order: readonly Distance[] = ["rack", "site", "remote"];
  for (const [reach, far] of order.entries()) {
    for (const [at, distance] of order.entries()) {
      assert.equal(isWithin(far, distance), at <= reach, `${distance} within ${far}`);
    }
  }
});

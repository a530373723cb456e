import assert from "node:assert/strict";
import { parseSizeBytes } from "../../../../scripts/demo/units.ts";

Deno.test("parseSizeBytes reads sizes in powers of 1024 and refuses everything else", () => {
  const sizes = ["0", "512", "1K", "24M", "24MiB", "1.5g", "2 TB"].map(parseSizeBytes);
  assert.deepEqual(sizes, [0, 512, 1024, 24 * 2 ** 20, 24 * 2 ** 20, 1.5 * 2 ** 30, 2 ** 41]);
  for (const text of ["", "M", "-1M", "24X", "1e3", "99999999999T"]) {
    assert.equal(parseSizeBytes(text), null, text);
  }
});

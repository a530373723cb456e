import assert from "node:assert/strict";
import { formatBytes, formatSpan, parseSizeBytes, ratio } from "../../../../scripts/demo/units.ts";

Deno.test("parseSizeBytes reads sizes in powers of 1024 and refuses everything else", () => {
  const sizes = ["0", "512", "1K", "24M", "24MiB", "1.5g", "2 TB"].map(parseSizeBytes);
  assert.deepEqual(sizes, [0, 512, 1024, 24 * 2 ** 20, 24 * 2 ** 20, 1.5 * 2 ** 30, 2 ** 41]);
  for (const text of ["", "M", "-1M", "24X", "1e3", "99999999999T"]) {
    assert.equal(parseSizeBytes(text), null, text);
  }
});

Deno.test("formatBytes never needs more than ten characters below a pebibyte", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(24 * 2 ** 20), "24.0 MiB");
  for (let exponent = 0; exponent < 50; exponent++) {
    for (const near of [-1, 0, 1]) assert.ok(formatBytes(2 ** exponent + near).length <= 10);
  }
});

Deno.test("formatSpan changes its unit with the length", () => {
  assert.deepEqual([0, 999, 999.6, 12_345, 59_960, 125_000].map(formatSpan), [
    "0 ms",
    "999 ms",
    "1.0 s",
    "12.3 s",
    "1 min 0 s",
    "2 min 5 s",
  ]);
});

Deno.test("ratio is null when nothing had to move", () => {
  assert.equal(ratio(0, 0), null);
  assert.equal(ratio(150, 100), 1.5);
});

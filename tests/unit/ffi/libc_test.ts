import assert from "node:assert/strict";
import { pageSizeBytes, roundUpToPages } from "../../../ffi/mod.ts";

Deno.test("roundUpToPages charges a byte a page and nothing for nothing", () => {
  const page = pageSizeBytes();
  assert.equal(roundUpToPages(0), 0);
  assert.equal(roundUpToPages(1), page);
  assert.equal(roundUpToPages(page), page);
  assert.equal(roundUpToPages(page + 1), 2 * page);
});

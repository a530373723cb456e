import assert from "node:assert/strict";
import { errnoName } from "../../../ffi/mod.ts";

Deno.test("errnoName knows the common ones and keeps the number of others", () => {
  assert.equal(errnoName(12), "ENOMEM");
  assert.equal(errnoName(28), "ENOSPC");
  assert.equal(errnoName(999), "ERRNO_999");
});

import assert from "node:assert/strict";
import { isServiceName, isVersionName } from "../../../../host/mod.ts";

Deno.test("isServiceName takes plain names and nothing that means something to a path", () => {
  for (const name of ["A", "web", "web-1.eu_west", "0", "x".repeat(64), "current"]) {
    assert.equal(isServiceName(name), true, name);
  }
  for (const name of ["", ".", "..", ".rollcall", "a/b", "a b", "a\n", "-a", "é", "x".repeat(65)]) {
    assert.equal(isServiceName(name), false, name);
  }
});

Deno.test("isVersionName refuses what lies beside the releases", () => {
  for (const name of ["v2", "1.0.0-rc.1+build~7", "2026-01-01", "partial", "v2.partial2"]) {
    assert.equal(isVersionName(name), true, name);
  }
  for (const name of ["", "current", ".rollcall", "v2.partial", "../v2", "v2/", "v 2", "+1"]) {
    assert.equal(isVersionName(name), false, name);
  }
});

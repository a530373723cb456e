import assert from "node:assert/strict";
import { matchesPattern } from "../../../ffi/mod.ts";

Deno.test("matchesPattern takes the shell's patterns", () => {
  assert.ok(matchesPattern("blob.bak", "*.bak"));
  assert.ok(matchesPattern(".git", ".git"));
  assert.ok(matchesPattern(".hidden", "*"));
  assert.ok(matchesPattern("part-7", "part-[0-9]"));
  assert.ok(!matchesPattern("part-77", "part-?"));
  assert.ok(!matchesPattern("blob.bak2", "*.bak"));
});

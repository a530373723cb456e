import assert from "node:assert/strict";
import { lockingAdvice, lockingAllowance, memoryLockLimit } from "../../../ffi/mod.ts";
import { pageSizeBytes } from "../../../ffi/mod.ts";

Deno.test("lockingAdvice names the missing bytes and both lines to add, in whole pages", () => {
  const page = pageSizeBytes();
  const advice = lockingAdvice({ requiredBytes: 10 * page + 1, limitBytes: 4 * page, user: "web" });
  assert.match(advice, new RegExp(`\\b${6 * page + 1} are missing`));
  assert.match(advice, /\/etc\/security\/limits\.d\/rollcall\.conf/);
  assert.match(advice, new RegExp(`^ +web - memlock ${11 * page / 1024}$`, "m"));
  assert.match(advice, new RegExp(`^ +LimitMEMLOCK=${11 * page / 1024}K$`, "m"));
});

Deno.test("lockingAdvice is empty when the limit is enough", () => {
  assert.equal(lockingAdvice({ requiredBytes: 4096, limitBytes: 4096 }), "");
  assert.equal(lockingAdvice({ requiredBytes: 4096, limitBytes: Infinity }), "");
});

Deno.test("lockingAllowance is the limit less what is locked, or unlimited with CAP_IPC_LOCK", () => {
  const { limitBytes, lockedBytes, availableBytes, source } = lockingAllowance();
  if (source === "CAP_IPC_LOCK") assert.equal(limitBytes, Infinity);
  else assert.equal(limitBytes, memoryLockLimit().softBytes);
  assert.equal(availableBytes, Math.max(0, limitBytes - lockedBytes));
});

Deno.test("memoryLockLimit is what the shell's ulimit says", async () => {
  const { stdout } = await new Deno.Command("bash", { args: ["-c", "ulimit -Sl; ulimit -Hl"] })
    .output();
  const [soft, hard] = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
    line === "unlimited" ? Infinity : Number(line) * 1024
  );
  assert.deepEqual(memoryLockLimit(), { softBytes: soft, hardBytes: hard });
});

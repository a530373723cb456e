import assert from "node:assert/strict";
import { lockingAdvice, lockingAllowance, memoryLockLimit } from "../../../ffi/mod.ts";
import { pageSizeBytes } from "../../../ffi/mod.ts";

Deno.test("lockingAdvice begins with the remedy, in MiB, and has both lines to add, in whole pages", () => {
  const page = pageSizeBytes();
  const need = { requiredBytes: 3 * 2 ** 30 + 1, limitBytes: 2 ** 30, user: "web" };
  const { summary, lines } = lockingAdvice(need);
  assert.equal(
    summary,
    "raise the limit on locked memory (RLIMIT_MEMLOCK) by 2049 MiB, or give CAP_IPC_LOCK: " +
      "3073 MiB are needed, 1024 MiB are allowed",
  );
  const kibibytes = 3 * 2 ** 20 + page / 1024;
  assert.match(lines, /\/etc\/security\/limits\.d\/rollcall\.conf/);
  assert.match(lines, new RegExp(`^ +web - memlock ${kibibytes}$`, "m"));
  assert.match(lines, new RegExp(`^ +LimitMEMLOCK=${kibibytes}K$`, "m"));
  const little = lockingAdvice({ requiredBytes: 12 * page, limitBytes: 4 * page });
  assert.match(little.summary, /by 0\.1 MiB/);
});

Deno.test("lockingAllowance is the limit less what is locked, or unlimited with CAP_IPC_LOCK", () => {
  const { limitBytes, lockedBytes, availableBytes, source } = lockingAllowance();
  if (source === "CAP_IPC_LOCK") assert.equal(limitBytes, Infinity);
  else assert.equal(limitBytes, memoryLockLimit().hardBytes);
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

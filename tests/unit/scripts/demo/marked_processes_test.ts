import assert from "node:assert/strict";
import { endMarked, findMarked, MARK_VARIABLE } from "../../../../scripts/demo/marked_processes.ts";

Deno.test("endMarked ends what carries the mark, children of dead parents and stubborn ones too", async () => {
  const mark = crypto.randomUUID();
  // A shell that has gone by the time we look, and left a process that ignores SIGTERM and one that does not.
  await new Deno.Command("sh", {
    args: ["-c", "(trap '' TERM; while :; do sleep 0.05; done) & sleep 60 &"],
    env: { [MARK_VARIABLE]: mark },
    stdout: "null",
    stderr: "null",
  }).output();
  const other = new Deno.Command("sleep", {
    args: ["60"],
    env: { [MARK_VARIABLE]: `${mark}-other` },
  }).spawn();
  try {
    assert.ok(findMarked(mark).length >= 2);
    const result = await endMarked(mark, { graceMs: 200 });
    assert.ok(result.foundCount >= 2);
    assert.ok(result.killedCount >= 1);
    assert.equal(result.leftCount, 0);
    assert.deepEqual(findMarked(mark), []);
    assert.deepEqual(findMarked(`${mark}-other`).map(({ pid }) => pid), [other.pid]);
  } finally {
    for (const { pid } of findMarked(mark)) Deno.kill(pid, "SIGKILL");
    other.kill("SIGKILL");
    await other.status;
  }
});

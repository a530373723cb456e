import assert from "node:assert/strict";
import { join } from "node:path";
import { isLogPlace, LOG_PART_MAX_BYTES, readLogAfter, readLogEnd } from "../../../../host/mod.ts";
import { withFolder } from "../support.ts";

async function withLog(text: string, use: (path: string) => void | Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "service.log");
    await Deno.writeTextFile(path, text);
    await use(path);
  });
}

Deno.test("readLogEnd: the last lines, whether the last one is finished or not", async () => {
  await withLog("one\ntwo\nthree\n", (path) => {
    assert.deepEqual([0, 1, 2, 3, 9].map((lines) => readLogEnd(path, lines).text), [
      "",
      "three\n",
      "two\nthree\n",
      "one\ntwo\nthree\n",
      "one\ntwo\nthree\n",
    ]);
  });
  await withLog("one\ntwo\nthr", (path) => {
    assert.deepEqual([0, 1, 2].map((lines) => readLogEnd(path, lines).text), [
      "",
      "thr",
      "two\nthr",
    ]);
  });
  for (const text of ["", "\n"]) {
    await withLog(text, (path) => assert.equal(readLogEnd(path, 5).text, text));
  }
  assert.equal(readLogEnd("/nothing/here", 5).text, "");
});

Deno.test("readLogEnd: of a long log as many whole lines as fit", async () => {
  const line = `${"x".repeat(99)}\n`;
  await withLog(`first ${line.repeat(5_000)}`, (path) => {
    const { text } = readLogEnd(path, 10_000);
    assert.ok(text.length <= LOG_PART_MAX_BYTES);
    assert.equal(text, line.repeat(Math.floor(LOG_PART_MAX_BYTES / line.length)));
  });
});

Deno.test("readLogAfter: what came since, in whole lines, and over a rotation from the beginning", async () => {
  await withLog("one\n", async (path) => {
    let { next } = readLogEnd(path, 1);
    const append = (text: string) => Deno.writeTextFile(path, text, { append: true });
    const more = () => {
      assert.ok(isLogPlace(next), next);
      const part = readLogAfter(path, next);
      next = part.next;
      return part.text;
    };
    assert.equal(more(), "");
    await append("two\nthr");
    assert.equal(more(), "two\n");
    await append("ee\n");
    assert.equal(more(), "three\n");
    // As copytruncate does.
    await Deno.truncate(path);
    await append("four\n");
    assert.equal(more(), "four\n");
    await Deno.rename(path, `${path}.1`);
    assert.equal(more(), "");
    await append("five\n");
    assert.equal(more(), "five\n");
    // One line that is longer than a part.
    await append("x".repeat(LOG_PART_MAX_BYTES + 10));
    assert.equal(more().length, LOG_PART_MAX_BYTES);
    assert.equal(more(), "");
    await append("\n");
    assert.equal(more(), `${"x".repeat(10)}\n`);
  });
  for (const text of ["", "1", "1-", "-1-2", "1-2-3", "a-b", "../x"]) {
    assert.equal(isLogPlace(text), false, text);
  }
});

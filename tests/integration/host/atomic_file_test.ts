import assert from "node:assert/strict";
import { join } from "node:path";
import { readJsonFile, writeJsonFile } from "../../../host/mod.ts";
import { eventualText, projectPath, withFolder } from "./support.ts";

Deno.test("writeJsonFile leaves the old file when it cannot write, and no temporary one", async () => {
  await withFolder((folder) => {
    const path = join(folder, "file.json");
    writeJsonFile(path, { a: 1 });
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    assert.throws(() => writeJsonFile(path, cyclic), TypeError);
    assert.deepEqual(readJsonFile(path), { state: "present", value: { a: 1 } });
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["file.json"]);
    return Promise.resolve();
  });
});

Deno.test("writeJsonFile shows a reader only whole files while a writer is killed again and again", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file.json");
    const script = `import { writeJsonFile } from "${projectPath("host/atomic_file.ts")}";
      for (let n = 0;; n++) writeJsonFile("${path}", { n, text: String(n).repeat(20000) });`;
    await Deno.writeTextFile(join(folder, "writer.ts"), script);
    for (let round = 0; round < 3; round++) {
      await Deno.remove(path).catch(() => {});
      const writer = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-config", join(folder, "writer.ts")],
      }).spawn();
      await eventualText(path);
      for (let count = 0; count < 50; count++) {
        const file = readJsonFile(path);
        assert.equal(file.state, "present");
      }
      writer.kill("SIGKILL");
      await writer.status;
      assert.equal(readJsonFile(path).state, "present");
    }
  });
});

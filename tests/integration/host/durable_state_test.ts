import assert from "node:assert/strict";
import { join } from "node:path";
import {
  HostError,
  lockDataDir,
  readJsonFile,
  SWITCH_STEPS,
  SwitchJournal,
  writeJsonFile,
} from "../../../host/mod.ts";
import { eventualText, projectPath, withFolder } from "./support.ts";

Deno.test("SwitchJournal keeps the last step, and nothing after clear", async () => {
  await withFolder((folder) => {
    const journal = new SwitchJournal(join(folder, "switch.json"));
    assert.deepEqual(journal.read(), { state: "absent" });
    for (const step of SWITCH_STEPS) {
      const entry = { step, from: "v1", to: "v2", since: 5, context: { slot: "/dc/slots/web/a" } };
      journal.write(entry);
      assert.deepEqual(new SwitchJournal(journal.path).read(), { state: "present", entry });
    }
    journal.write({ step: "starting", from: null, to: "v1", since: 1 });
    const first = { step: "starting", from: null, to: "v1", since: 1, context: {} };
    assert.deepEqual(journal.read(), { state: "present", entry: first });
    journal.clear();
    journal.clear();
    assert.deepEqual(journal.read(), { state: "absent" });
    return Promise.resolve();
  });
});

Deno.test("SwitchJournal that is damaged counts as absent and says why", async () => {
  await withFolder((folder) => {
    const path = join(folder, "switch.json");
    const good = { schema: 1, step: "stopping", from: "v1", to: "v2", since: 1 };
    const damaged: [string, RegExp][] = [
      ["", /expected JSON/],
      [JSON.stringify(good).slice(0, 20), /expected JSON/],
      ["\0".repeat(100), /expected JSON/],
      [JSON.stringify({ ...good, step: "dancing" }), /step/],
      [JSON.stringify({ ...good, schema: 2 }), /schema/],
    ];
    for (const [text, expected] of damaged) {
      Deno.writeTextFileSync(path, text);
      const found = new SwitchJournal(path).read();
      assert.equal(found.state, "corrupt");
      if (found.state === "corrupt") assert.match(found.file.reason, expected);
    }
    return Promise.resolve();
  });
});

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

Deno.test("lockDataDir names the owner, and is free again after its SIGKILL although its service lives", async () => {
  await withFolder(async (folder) => {
    const dataDir = join(folder, "data");
    const script = `import { lockDataDir, startService } from "${projectPath("host/mod.ts")}";
      lockDataDir(${JSON.stringify(dataDir)});
      const service = await startService(${
      JSON.stringify({
        argv: ["sleep", "600"],
        cwd: folder,
        logPath: join(folder, "log"),
        recordPath: join(folder, "record.json"),
        version: "v1",
      })
    });
      Deno.writeTextFileSync(${JSON.stringify(join(folder, "pid"))}, String(service.pid));
      setInterval(() => {}, 1000);`;
    const owner = new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      cwd: projectPath("."),
    }).spawn();
    const servicePid = Number(await eventualText(join(folder, "pid")));
    try {
      assert.throws(() => lockDataDir(dataDir), (error) => {
        assert.ok(error instanceof HostError);
        assert.equal(error.code, "DATA_DIR_LOCKED");
        return error.message.includes(`pid ${owner.pid} `);
      });
    } finally {
      owner.kill("SIGKILL");
      await owner.status;
      lockDataDir(dataDir).release();
      Deno.kill(servicePid, "SIGKILL");
    }
  });
});

Deno.test("lockDataDir keeps a second agent of the same process out until release", async () => {
  await withFolder((folder) => {
    const lock = lockDataDir(folder);
    assert.throws(() => lockDataDir(folder), /pid \d+ uses it/);
    lock.release();
    lockDataDir(folder).release();
    return Promise.resolve();
  });
});

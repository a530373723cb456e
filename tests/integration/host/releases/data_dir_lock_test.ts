import assert from "node:assert/strict";
import { join } from "node:path";
import { HostError, lockDataDir } from "../../../../host/mod.ts";
import { eventualText, projectPath, withFolder } from "../support.ts";

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

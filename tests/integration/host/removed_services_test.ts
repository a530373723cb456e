import assert from "node:assert/strict";
import {
  awaitPinned,
  endRemovedService,
  findRemovedServices,
  ReleaseStore,
  startPin,
  startService,
} from "../../../host/mod.ts";
import { isGone, killIfAlive, projectPath, withFolder } from "./support.ts";

Deno.test("findRemovedServices finds what runs of services that the config has no more, and endRemovedService ends it", async () => {
  await withFolder(async (folder) => {
    const pids: number[] = [];
    try {
      for (const service of ["db", "web", "idle"]) {
        const store = new ReleaseStore(folder, service);
        await store.open();
        if (service === "idle") continue;
        await store.preparePartial("v1");
        await Deno.writeTextFile(`${store.paths("v1").partial}/data`, "x".repeat(5000));
        const { processRecord: recordPath, serviceLog: logPath } = store.layout;
        const process = await startService({
          argv: ["sleep", "600"],
          cwd: folder,
          logPath,
          recordPath,
          version: "v1",
        });
        process.detach();
        pids.push(process.pid);
        const pin = await startPin({
          command: [Deno.execPath(), "run", "-A", projectPath("host/pinning/keeper_main.ts")],
          root: store.paths("v1").partial,
          statusPath: store.paths("v1").pinStatus,
          limitBytes: 1024 ** 2,
        });
        await awaitPinned(pin);
        pids.push(pin.pid);
      }
      await Deno.mkdir(`${folder}/.flight-records`);
      await Deno.writeTextFile(`${folder}/file`, "");
      const [pid = 0, keeper = 0, ...others] = pids;
      const db = { service: "db", running: { version: "v1", pid }, locked: ["v1"] };
      assert.deepEqual(findRemovedServices(folder, ["web"]), [db]);
      assert.deepEqual(findRemovedServices(folder, ["web", "db"]), []);
      await endRemovedService(folder, { service: "db", graceMs: 5000 });
      assert.deepEqual([isGone(pid), isGone(keeper)], [true, true]);
      assert.deepEqual(findRemovedServices(folder, ["web"]), []);
      assert.deepEqual(others.map(isGone), [false, false]);
      await endRemovedService(folder, { service: "web", graceMs: 5000 });
    } finally {
      for (const pid of pids) killIfAlive(pid);
    }
  });
});

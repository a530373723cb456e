import assert from "node:assert/strict";
import { join } from "node:path";
import { adoptService, startService, type StartServiceOptions } from "../../../../host/mod.ts";
import {
  eventually,
  eventualText,
  isGone,
  killIfAlive,
  rejectsWith,
  startAndKillAgent,
  withFolder,
} from "../support.ts";

function shell(folder: string, script: string): StartServiceOptions {
  return {
    argv: ["sh", "-c", script],
    cwd: folder,
    logPath: join(folder, "logs", "service.log"),
    recordPath: join(folder, "process.json"),
    version: "v1",
  };
}

Deno.test("startService runs in cwd with env, in its own session, and appends to the log", async () => {
  await withFolder(async (folder) => {
    const options = {
      ...shell(folder, 'pwd; echo "$GREETING" >&2; echo "$PATH" | wc -l; exec sleep 600'),
      env: { GREETING: "hello" },
    };
    for (let run = 1; run <= 2; run++) {
      const service = await startService(options);
      try {
        const expected = `${folder}\nhello\n1\n`.repeat(run);
        await eventually(async () => await Deno.readTextFile(options.logPath) === expected);
        const fields = Deno.readTextFileSync(`/proc/${service.pid}/stat`).split(") ")[1]?.split(
          " ",
        );
        assert.equal(fields?.[2], String(service.pid));
        assert.equal(fields?.[3], String(service.pid));
        assert.equal(service.isAlive(), true);
        assert.equal(service.adopted, false);
      } finally {
        await service.stop({ graceMs: 5000 });
      }
      assert.deepEqual(await service.exited, { type: "signal", signal: "SIGTERM" });
      assert.equal(service.isAlive(), false);
    }
  });
});

Deno.test("startService tells the exit code of a service that ends by itself", async () => {
  await withFolder(async (folder) => {
    const service = await startService(shell(folder, "exit 7"));
    await eventually(() => !service.isAlive());
    assert.deepEqual(await service.exited, { type: "code", code: 7 });
    assert.equal(adoptService(join(folder, "process.json")), null);
  });
});

Deno.test("startService refuses a missing program and a missing cwd, and leaves no record", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "");
    const missing: StartServiceOptions[] = [
      { ...options, argv: ["/no/such/program"] },
      { ...options, cwd: join(folder, "no-such-folder") },
    ];
    for (const each of missing) {
      await rejectsWith(startService(each), "SERVICE_START_FAILED");
      await assert.rejects(Deno.stat(options.recordPath), Deno.errors.NotFound);
    }
  });
});

Deno.test("startService refuses a second instance while the first one runs", async () => {
  await withFolder(async (folder) => {
    const service = await startService(shell(folder, "exec sleep 600"));
    try {
      const error = await rejectsWith(startService(shell(folder, "true")), "SERVICE_RUNNING");
      assert.match(error.message, new RegExp(`pid ${service.pid} \\(version v1\\)`));
    } finally {
      await service.stop({ graceMs: 5000 });
    }
  });
});

Deno.test("stop reaches the whole group, and kills after the grace what ignores SIGTERM", async () => {
  await withFolder(async (folder) => {
    const pids = join(folder, "pids");
    const script = `trap '' TERM; sleep 600 & echo $$ $! > ${pids}; while :; do wait; done`;
    const service = await startService(shell(folder, script));
    const started = (await eventualText(pids)).split(" ").map(Number);
    await service.stop({ graceMs: 200 });
    for (const pid of started) assert.equal(isGone(pid), true);
    assert.deepEqual(await service.exited, { type: "signal", signal: "SIGKILL" });
  });
});

Deno.test("stop finds children whose leader has died, also one in a session of its own", async () => {
  await withFolder(async (folder) => {
    const pids = join(folder, "pids");
    const script = `sleep 600 & setsid sleep 601 & sleep 0.2; echo $! > ${pids}; exit 0`;
    const service = await startService(shell(folder, script));
    const escaped = Number(await eventualText(pids));
    await service.exited;
    assert.equal(isGone(escaped), false);
    await service.stop({ graceMs: 5000 });
    assert.equal(isGone(escaped), true);
  });
});

Deno.test("adoptService finds the service of an agent that was killed, and stops it", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "exec sleep 600");
    const pid = await startAndKillAgent("service", { ...options });
    try {
      const service = adoptService(options.recordPath);
      assert.ok(service !== null);
      assert.equal(service.pid, pid);
      assert.equal(service.version, "v1");
      assert.equal(service.adopted, true);
      assert.deepEqual(service.argv, options.argv);
      assert.equal(service.isAlive(), true);
      await service.stop({ graceMs: 5000 });
      assert.equal(isGone(pid), true);
      assert.deepEqual(await service.exited, { type: "unknown" });
      assert.equal(adoptService(options.recordPath), null);
    } finally {
      killIfAlive(pid);
    }
  });
});

Deno.test("adoptService's exited settles when the adopted service dies by itself", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "exec sleep 600");
    const pid = await startAndKillAgent("service", { ...options });
    const service = adoptService(options.recordPath);
    assert.ok(service !== null);
    Deno.kill(pid, "SIGKILL");
    assert.deepEqual(await service.exited, { type: "unknown" });
  });
});

Deno.test("adoptService finds a service whose agent died between the start and the record", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "exec sleep 600");
    const pid = await startAndKillAgent("service", { ...options });
    try {
      const { pid: _, startTimeTicks: __, ...intent } = JSON.parse(
        await Deno.readTextFile(options.recordPath),
      );
      await Deno.writeTextFile(options.recordPath, JSON.stringify(intent));
      const service = adoptService(options.recordPath);
      assert.equal(service?.pid, pid);
      assert.equal(JSON.parse(await Deno.readTextFile(options.recordPath)).pid, pid);
      await service?.stop({ graceMs: 5000 });
    } finally {
      killIfAlive(pid);
    }
  });
});

Deno.test("adoptService never takes or signals a process that got the pid later", async () => {
  await withFolder(async (folder) => {
    const bystander = await startService(shell(folder, "exec sleep 600"));
    const recordPath = join(folder, "process.json");
    const text = await Deno.readTextFile(recordPath);
    const record = JSON.parse(text);
    const recycled = [
      { ...record, startTimeTicks: record.startTimeTicks - 1, instance: "another" },
      { ...record, bootId: "an-earlier-boot", instance: "another" },
      { ...record, pid: undefined, startTimeTicks: undefined, instance: "another" },
    ];
    try {
      for (const each of recycled) {
        await Deno.writeTextFile(recordPath, JSON.stringify(each));
        assert.equal(adoptService(recordPath), null);
        const next = await startService(shell(folder, "exec sleep 600"));
        await next.stop({ graceMs: 5000 });
      }
      assert.equal(bystander.isAlive(), true);
    } finally {
      await bystander.stop({ graceMs: 5000 });
    }
  });
});

Deno.test("startService ends what the instance before it has left behind", async () => {
  await withFolder(async (folder) => {
    const pids = join(folder, "pids");
    const options = shell(folder, `sleep 600 & echo $! > ${pids}; exit 0`);
    const leader = await startAndKillAgent("service", { ...options });
    const child = Number(await eventualText(pids));
    try {
      await eventually(() => isGone(leader));
      assert.equal(adoptService(options.recordPath), null);
      assert.equal(isGone(child), false);
      const next = await startService(shell(folder, "exec sleep 600"));
      assert.equal(isGone(child), true);
      await next.stop({ graceMs: 5000 });
    } finally {
      killIfAlive(child);
    }
  });
});

Deno.test("adoptService takes a damaged record for none", async () => {
  await withFolder(async (folder) => {
    const recordPath = join(folder, "process.json");
    for (const text of ["", "{", '{"schema":1}', '{"schema":2}', "[]"]) {
      await Deno.writeTextFile(recordPath, text);
      assert.equal(adoptService(recordPath), null);
    }
  });
});

Deno.test("detach leaves the service running for the next agent", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "exec sleep 600");
    const started = await startService(options);
    started.detach();
    const first = adoptService(options.recordPath);
    first?.detach();
    const second = adoptService(options.recordPath);
    assert.equal(second?.pid, started.pid);
    await second?.stop({ graceMs: 5000 });
    await eventually(() => isGone(started.pid));
  });
});

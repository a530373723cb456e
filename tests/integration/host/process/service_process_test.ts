import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../../../base/clock.ts";
import {
  adoptService,
  lastStarted,
  startService,
  type StartServiceOptions,
} from "../../../../host/mod.ts";
import { spawnGated } from "../../../../host/process/gated_spawn.ts";
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

Deno.test("lastStarted tells what was started last, also when it has died, and nothing of what was stopped", async () => {
  await withFolder(async (folder) => {
    const options = { ...shell(folder, "exec sleep 600"), restart: "r-5" };
    assert.equal(lastStarted(options.recordPath), null);
    const service = await startService(options);
    Deno.kill(service.pid, "SIGKILL");
    await service.exited;
    assert.deepEqual(lastStarted(options.recordPath), { version: "v1", restart: "r-5" });
    const again = await startService(shell(folder, "exec sleep 600"));
    assert.deepEqual(lastStarted(options.recordPath), { version: "v1", restart: null });
    await again.stop({ graceMs: 5_000 });
    assert.equal(lastStarted(options.recordPath), null);
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

Deno.test("startService says why a program cannot be run, and leaves nothing", async () => {
  await withFolder(async (folder) => {
    const program = join(folder, "program");
    await Deno.writeTextFile(program, "#!/bin/sh\nexit 0\n", { mode: 0o644 });
    const options = { ...shell(folder, ""), argv: [program] } as const;
    const error = await rejectsWith(startService(options), "SERVICE_START_FAILED");
    assert.match(error.message, /start \S+program in \S+: .*denied/i);
    await assert.rejects(Deno.stat(options.recordPath), Deno.errors.NotFound);
  });
});

Deno.test("startService runs nothing whose record cannot be written", async () => {
  await withFolder(async (folder) => {
    const options = { ...shell(folder, "touch ran"), recordPath: join(folder, "none", "p.json") };
    await rejectsWith(startService(options), "SERVICE_START_FAILED");
    await assert.rejects(Deno.stat(join(folder, "ran")), Deno.errors.NotFound);
  });
});

Deno.test("a process at its gate has its pid, and begins its program only when the gate is opened", async () => {
  await withFolder(async (folder) => {
    const options = {
      ...shell(folder, 'echo "$$ ${PLAIN}" > ran; exec sleep 600'),
      env: { PATH: "/usr/bin:/bin", PLAIN: "it's", "odd.name": "kept" },
      user: undefined,
      before: "",
    };
    const opened = await spawnGated(options, systemClock);
    assert.equal(isGone(opened.pid), false);
    await assert.rejects(Deno.stat(join(folder, "ran")), Deno.errors.NotFound);
    await opened.open();
    const ran = join(folder, "ran");
    await eventually(async () =>
      await Deno.readTextFile(ran).catch(() => "") === `${opened.pid} it's\n`
    );
    Deno.kill(opened.pid, "SIGKILL");
    assert.deepEqual(await opened.exited, { code: null, signal: "SIGKILL" });
    await Deno.remove(ran);
    const printing = await spawnGated({ ...options, argv: ["env"] }, systemClock);
    await printing.open();
    await printing.exited;
    assert.match(await Deno.readTextFile(options.logPath), /^odd\.name=kept$/m);
    const closed = await spawnGated(options, systemClock);
    await closed.close();
    assert.equal(isGone(closed.pid), true);
    await assert.rejects(Deno.stat(ran), Deno.errors.NotFound);
  });
});

Deno.test("startService gives a service its own limits and OOM score, not the agent's", async () => {
  await withFolder(async (folder) => {
    const limits = async (options: StartServiceOptions) => {
      const service = await startService(options);
      const [adjust, text] = await Promise.all(
        ["oom_score_adj", "limits"].map((name) =>
          Deno.readTextFile(`/proc/${service.pid}/${name}`)
        ),
      );
      await service.stop({ graceMs: 5000 });
      const of = (name: string) =>
        new RegExp(`${name} +(\\S+) +(\\S+)`).exec(text ?? "")?.slice(1).join(" ");
      return {
        adjust: Number(adjust),
        files: of("Max open files"),
        core: of("Max core file size"),
        processes: of("Max processes"),
      };
    };
    const options = shell(folder, "exec sleep 600");
    const adjusted = Deno.readTextFileSync("/proc/self/oom_score_adj").trim();
    try {
      // As an agent runs whose unit says OOMScoreAdjust; everybody may set a higher one.
      Deno.writeTextFileSync("/proc/self/oom_score_adj", "300");
      const { adjust, files } = await limits(options);
      if (Deno.uid() === 0) assert.equal(adjust, 0);
      assert.match(files ?? "", /^1024 /);
      const named = await limits({
        ...options,
        oomScoreAdjust: 500,
        ulimits: {
          nofile: { soft: 100, hard: 200 },
          core: { soft: 0, hard: 4096 },
          nproc: { soft: 4000, hard: 5000 },
        },
      });
      assert.deepEqual(named, {
        adjust: 500,
        files: "100 200",
        core: "0 4096",
        processes: "4000 5000",
      });
    } finally {
      Deno.writeTextFileSync("/proc/self/oom_score_adj", adjusted);
    }
  });
});

Deno.test({
  name: "startService refuses a limit above the agent's own that it may not give",
  // As root it might be given; what is started as another user may not raise anything.
  ignore: Deno.uid() !== 0,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.chmod(folder, 0o755);
      const nofile = { soft: 1024, hard: 1_000_000_000 };
      const options = { ...shell(folder, "touch /tmp/ran"), user: "nobody", ulimits: { nofile } };
      const error = await rejectsWith(startService(options), "SERVICE_START_FAILED");
      assert.match(
        error.message,
        /ulimits.nofile: expected at most \d+.*was 1000000000.*LimitNOFILE=/,
      );
    }),
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

/** A master that has its worker finish what it does: the worker knows no SIGTERM. */
const MASTER = `
finish() { echo $1 > finish; wait $worker; exit 0; }
trap "finish TERM" TERM
trap "finish INT" INT
(until [ -e finish ]; do sleep 0.02; done; sleep 0.3; cp finish finished) &
worker=$!
echo ready > ready
while :; do wait; done`;

for (const signal of [undefined, "SIGINT"] as const) {
  Deno.test(`stop lets a master end its workers itself (${signal ?? "SIGTERM, the default"})`, async () => {
    await withFolder(async (folder) => {
      const service = await startService(shell(folder, MASTER));
      await eventualText(join(folder, "ready"));
      await service.stop({ graceMs: 10_000, signal });
      assert.equal(
        await eventualText(join(folder, "finished")),
        signal === "SIGINT" ? "INT" : "TERM",
      );
      assert.deepEqual(await service.exited, { type: "code", code: 0 });
    });
  });
}

Deno.test("stop tells what the first process leaves behind to end, and gives it what is left of the grace", async () => {
  await withFolder(async (folder) => {
    const worker =
      "trap 'sleep 0.2; touch cleaned; exit' TERM; touch ready; while :; do sleep 0.02; done";
    // A shell without a trap ends at once, and its child is all that knows how to.
    const service = await startService(shell(folder, `sh -c "${worker}" & wait`));
    await eventually(() => Deno.stat(join(folder, "ready")).catch(() => null));
    await service.stop({ graceMs: 10_000 });
    await Deno.stat(join(folder, "cleaned"));
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

Deno.test("adoptService never takes or signals a process that got the pid later", async () => {
  await withFolder(async (folder) => {
    const bystander = await startService(shell(folder, "exec sleep 600"));
    const recordPath = join(folder, "process.json");
    const text = await Deno.readTextFile(recordPath);
    const record = JSON.parse(text);
    const recycled = [
      { ...record, startTimeTicks: record.startTimeTicks - 1, instance: "another" },
      { ...record, bootId: "an-earlier-boot", instance: "another" },
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

/** The identity of a running process, as a record would have it. */
function identityOf(pid: number): { pid: number; startTimeTicks: number; bootId: string } {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  const bootId = Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  return { pid, startTimeTicks: Number(fields[19]), bootId };
}

Deno.test("adoptService and startService leave a stranger alone that a forged record names", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "exec sleep 600");
    // In a group of its own, as a daemon is: a whole group would be signalled.
    const stranger = spawn("setsid", ["sleep", "600"], { stdio: "ignore" });
    const pid = stranger.pid ?? 0;
    const exited = new Promise((resolve) => stranger.once("exit", resolve));
    try {
      await eventually(() =>
        Deno.readTextFileSync(`/proc/${pid}/cmdline`).startsWith("sleep") && pid
      );
      const { recordPath, logPath } = options;
      const forged = { schema: 1, instance: "x", version: "v1", argv: ["sleep"], startedAt: 1 };
      await Deno.writeTextFile(recordPath, JSON.stringify({ ...forged, ...identityOf(pid) }));
      const refusals: string[] = [];
      const adopted = adoptService(recordPath, {
        logPath,
        onRefused: (reason) => refusals.push(reason),
      });
      assert.equal(adopted, null);
      assert.match(refusals.join(), new RegExp(`pid ${pid}\\b.*not started`));
      const started = await startService(options);
      await started.stop({ graceMs: 5000 });
      assert.equal(isGone(pid), false);
    } finally {
      stranger.kill("SIGKILL");
      await exited;
    }
  });
});

Deno.test("adoptService finds a service that has overwritten its environment, by its log", async () => {
  await withFolder(async (folder) => {
    const options = shell(folder, "exec env -i sleep 600");
    const started = await startService(options);
    try {
      await eventually(() =>
        Deno.readTextFileSync(`/proc/${started.pid}/cmdline`).startsWith("sleep") && started
      );
      started.detach();
      assert.equal(
        adoptService(options.recordPath),
        null,
        "without its log nothing shows whose it is",
      );
      const adopted = adoptService(options.recordPath, { logPath: options.logPath });
      assert.equal(adopted?.pid, started.pid);
      await adopted?.stop({ graceMs: 5000 });
      await eventually(() => isGone(started.pid));
    } finally {
      killIfAlive(started.pid);
    }
  });
});

Deno.test("startService hands a service little of the agent's environment, and its log is not for all", async () => {
  await withFolder(async (folder) => {
    Deno.env.set("ROLLCALL_TEST_SECRET", "hunter2");
    try {
      const options = { ...shell(folder, "env; exec sleep 600"), env: { PORT: "9000" } };
      const service = await startService(options);
      try {
        const text = await eventually(async () => {
          const log = await Deno.readTextFile(options.logPath);
          return log.includes("PORT=9000") && log.includes("PATH=") && log;
        });
        assert.doesNotMatch(text, /hunter2/);
        const names = text.trim().split("\n").map((line) => line.split("=")[0] ?? "");
        const allowed =
          /^(PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|USER|LOGNAME|SHELL|TMPDIR|PORT|PWD|SHLVL|OLDPWD|_|ROLLCALL_INSTANCE)$/;
        assert.deepEqual(names.filter((name) => !allowed.test(name)), []);
        assert.equal(((await Deno.stat(options.logPath)).mode ?? 0) & 0o777, 0o640);
      } finally {
        await service.stop({ graceMs: 5000 });
      }
    } finally {
      Deno.env.delete("ROLLCALL_TEST_SECRET");
    }
  });
});

Deno.test({
  name:
    "startService runs a service as another user, with that user's home and no group of the agent's",
  // Only root may start processes of other users.
  ignore: Deno.uid() !== 0,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.chmod(folder, 0o755);
      const script = 'id -u; id -g; id -G; echo "$HOME $USER"; exec sleep 600';
      const options = { ...shell(folder, script), user: "nobody" };
      const service = await startService(options);
      try {
        const nobody = Deno.readTextFileSync("/etc/passwd").split("\n")
          .find((line) => line.startsWith("nobody:"))?.split(":") ?? [];
        const [, , uid, gid, , home] = nobody;
        const expected = `${uid}\n${gid}\n${gid}\n${home} nobody\n`;
        await eventually(async () => await Deno.readTextFile(options.logPath) === expected);
        service.detach();
        const adopted = adoptService(options.recordPath, { logPath: options.logPath });
        assert.equal(adopted?.pid, service.pid);
        await adopted?.stop({ graceMs: 5000 });
        await eventually(() => isGone(service.pid));
      } finally {
        killIfAlive(service.pid);
      }
      const group = Deno.readTextFileSync("/etc/group").split("\n")
        .map((line) => line.split(":")).find(([, , gid]) => gid !== undefined && Number(gid) > 0);
      const inGroup = await startService({
        ...options,
        argv: ["sh", "-c", "id -u; id -G; exec sleep 600"],
        group: group?.[0],
      });
      const ids = `${Deno.readTextFileSync("/etc/passwd").match(/^nobody:[^:]*:(\d+)/m)?.[1]}\n${
        group?.[2]
      }\n`;
      await eventually(async () => (await Deno.readTextFile(options.logPath)).endsWith(ids));
      await inGroup.stop({ graceMs: 5000 });
      const noGroup = await rejectsWith(
        startService({ ...options, group: "no-such-group" }),
        "SERVICE_START_FAILED",
      );
      assert.match(noGroup.message, /expected a group of \/etc\/group/);
      for (const user of ["no-such-user-here", "nobody:root:x", "-1", "../root"]) {
        const error = await rejectsWith(
          startService({ ...options, user }),
          "SERVICE_START_FAILED",
        );
        assert.match(error.message, /expected a user/);
      }
    }),
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

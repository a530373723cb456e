/**
 * `rollcall coordinator` and its data: backups while it runs, what it says when it cannot start, and a full disk.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { backUp, Coordinator } from "../../../zookeeper/server/mod.ts";
import { until } from "../zookeeper/servers.ts";
import { PROGRAM, rollcall } from "./rollcall_process.ts";
import { canMount, onSmallDisk } from "./small_disk.ts";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts a coordinator on a backup alone, as docs/operating.md says. */
async function restored(backup: string, folder: string): Promise<Coordinator> {
  await Deno.mkdir(folder);
  await Deno.copyFile(backup, `${folder}/coordinator.sqlite`);
  return await Coordinator.listen({ dataDir: folder });
}

Deno.test("coordinator backup: what was acknowledged before is in the copy of a running one, which restores", async () => {
  await withFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    const coordinator = await Coordinator.listen({ dataDir });
    const zk = new ZooKeeper(coordinator.connectString);
    let isRunning = true;
    const acknowledged: string[] = [];
    try {
      await zk.create("/n");
      await zk.create("/e", "", { mode: "ephemeral" });
      const mode = "persistent_sequential";
      const load = (async () => {
        while (isRunning) {
          const made = await Promise.all(
            Array.from({ length: 20 }, () => zk.create("/n/x-", "y".repeat(500), { mode })),
          );
          acknowledged.push(...made);
        }
      })();
      for (let round = 0; round < 3; round++) {
        // What a backup that was killed has left does not matter.
        const file = `${folder}/backup-${round}`;
        await Deno.writeTextFile(`${file}.partial`, "half of it");
        const before = [...acknowledged];
        const run = await rollcall("coordinator", "backup", file, "--data", dataDir, "--json");
        assert.equal(run.status, 0, run.stderr);
        const { nodes, sizeBytes } = JSON.parse(run.stdout);
        assert.equal(sizeBytes, (await Deno.stat(file)).size);
        await assert.rejects(Deno.stat(`${file}.partial`), Deno.errors.NotFound);

        const copy = await restored(file, `${folder}/restored-${round}`);
        const reader = new ZooKeeper(copy.connectString);
        const { children, stat } = await reader.children("/n");
        const there = new Set(children.map((name) => `/n/${name}`));
        assert.deepEqual(before.filter((path) => !there.has(path)), []);
        // One moment: the parent's counter is that of its children, and the root's own seven are there.
        assert.equal(stat.cversion, children.length);
        assert.equal(nodes, children.length + 6);
        assert.equal((await reader.exists("/e"))?.ephemeralOwner, zk.sessionId);
        await reader.close();
        await copy.close();
      }
      isRunning = false;
      await load;
      assert.ok(acknowledged.length > 0);

      // A program can copy the data of its own coordinator.
      const own = await backUp(dataDir, `${folder}/own`);
      assert.equal(own.nodes, acknowledged.length + 6);
      // What a reader has left that was killed keeps the door open for nobody.
      await Deno.writeTextFile(`${dataDir}/coordinator.backup`, "");
      // Afterwards it has the file for itself again, which makes commits faster.
      await until("the door is shut", () => {
        const tool = new DatabaseSync(`${dataDir}/coordinator.sqlite`, { readOnly: true });
        try {
          tool.prepare("SELECT last_zxid FROM meta").get();
          return false;
        } catch (error) {
          assert.match(String(error), /locked/);
          return true;
        } finally {
          tool.close();
        }
      });

      const again = await rollcall(
        ...["coordinator", "backup", `${folder}/backup-0`, "--data", dataDir],
      );
      assert.equal(again.status, 1);
      assert.match(again.stderr, /backup-0: expected a new file.*choose another name/);
    } finally {
      isRunning = false;
      await zk.close();
      await coordinator.close();
    }
  });
});

Deno.test("coordinator backup: of two to one name at once the first is made, and the second says why not", async () => {
  await withFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    const coordinator = await Coordinator.listen({ dataDir });
    try {
      const file = `${folder}/copy`;
      const [first, second] = await Promise.allSettled([
        backUp(dataDir, file),
        backUp(dataDir, file),
      ]);
      assert.equal(first.status, "fulfilled", String(Object.entries(first)));
      assert.ok(second.status === "rejected");
      assert.match(
        String(second.reason),
        /copy: .*another backup is writing it; wait for that one/,
      );
      assert.equal(first.value.sizeBytes, (await Deno.stat(file)).size);
      await assert.rejects(Deno.stat(`${file}.partial`), Deno.errors.NotFound);
      await (await restored(file, `${folder}/restored`)).close();
    } finally {
      await coordinator.close();
    }
  });
});

Deno.test("coordinator backup: data that cannot be read are named, and not the copy", async () => {
  await withFolder(async (folder) => {
    const refused = async (content: string | Uint8Array) => {
      await Deno.mkdir(`${folder}/data`, { recursive: true });
      await Deno.writeFile(
        `${folder}/data/coordinator.sqlite`,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      const { status, stderr } = await rollcall(
        ...["coordinator", "backup", `${folder}/copy`, "--data", `${folder}/data`],
      );
      assert.equal(status, 1, stderr);
      const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
      assert.deepEqual(left.filter((name) => name.startsWith("copy")), []);
      return stderr;
    };
    assert.match(
      await refused("no database ".repeat(500)),
      /back up .*data\/coordinator\.sqlite: file is not a database/,
    );
    assert.match(await refused(""), /back up .*data\/coordinator\.sqlite: no such table/);

    await (await Coordinator.listen({ dataDir: `${folder}/torn` })).close();
    const torn = await Deno.readFile(`${folder}/torn/coordinator.sqlite`);
    // Damage behind the first page shows only when the copy is read.
    torn.fill(0xff, 4 * 4096);
    assert.match(await refused(torn), /back up .*data\/coordinator\.sqlite: .*malformed/);
  });
});

Deno.test("coordinator: what prevents a start is said with the file and what to do", async () => {
  await withFolder(async (folder) => {
    const start = async (...args: string[]) => {
      const { status, stderr } = await rollcall("coordinator", "--listen", "127.0.0.1:0", ...args);
      assert.equal(status, 1, stderr);
      // One message, and no stack.
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
      return stderr;
    };
    const running = await Coordinator.listen({ dataDir: `${folder}/running` });
    assert.match(
      await start("--data", `${folder}/running`),
      /running\/coordinator\.lock: .*another coordinator.*stop that one, or choose another folder/,
    );
    await running.close();

    // Not every program that has the file locked is a coordinator.
    const tool = new DatabaseSync(`${folder}/running/coordinator.sqlite`);
    tool.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const locked = await start("--data", `${folder}/running`);
    assert.match(
      locked,
      /coordinator\.sqlite: database is locked; end the program that has it open/,
    );
    assert.doesNotMatch(locked, /another coordinator/);
    tool.close();

    await Deno.mkdir(`${folder}/garbage`);
    await Deno.writeTextFile(`${folder}/garbage/coordinator.sqlite`, "no database ".repeat(500));
    assert.match(
      await start("--data", `${folder}/garbage`),
      /garbage\/coordinator\.sqlite: file is not a database; put a backup in its place/,
    );

    await Deno.writeTextFile(`${folder}/file`, "");
    assert.match(
      await start("--data", `${folder}/file`),
      /open .*\/file\/.*choose another folder/,
    );

    // Damage behind the first page shows only when the rows are read.
    const torn = await Coordinator.listen({ dataDir: `${folder}/torn` });
    const zk = new ZooKeeper(torn.connectString);
    for (let index = 0; index < 40; index++) await zk.create(`/n${index}`, "x".repeat(2_000));
    await zk.close();
    await torn.close();
    const file = await Deno.open(`${folder}/torn/coordinator.sqlite`, { write: true });
    await file.seek(5_000, Deno.SeekMode.Start);
    await file.write(new Uint8Array(50_000).fill(0xff));
    file.close();
    assert.match(
      await start("--data", `${folder}/torn`),
      /torn\/coordinator\.sqlite: .*malformed.*put a backup in its place/,
    );

    // 192.0.2.0/24 is nobody's.
    const elsewhere = await rollcall("coordinator", "--listen", "192.0.2.1:2181");
    assert.equal(elsewhere.status, 1);
    assert.match(elsewhere.stderr, /cannot listen on 192\.0\.2\.1:2181: .*choose another --listen/);
  });
});

Deno.test("coordinator: out of files, it says so once and serves those who are there; the others wait", async () => {
  const child = new Deno.Command("sh", {
    args: [
      ...["-c", 'ulimit -n 64; exec "$@"', "sh", Deno.execPath(), "run", "-A", PROGRAM],
      ...["coordinator", "--listen", "127.0.0.1:0", "--json"],
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const idle: Deno.TcpConn[] = [];
  const output = child.stdout.getReader();
  const stderr = new Response(child.stderr).text();
  try {
    const { value } = await output.read();
    const { listening } = JSON.parse(new TextDecoder().decode(value));
    const port = Number(listening.split(":")[1]);
    const early = new ZooKeeper(listening);
    await early.create("/early", "");
    while (idle.length < 100) idle.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    const late = new ZooKeeper(listening, { connectTimeoutMs: 5_000 });
    // Some hundred attempts to accept.
    for (let second = 0; second < 2; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await early.set("/early", "");
    }
    for (const conn of idle.splice(0)) conn.close();
    await late.create("/late", "");
    assert.equal(early.state, "connected");
    await Promise.all([early.close(), late.close()]);
  } finally {
    for (const conn of idle) conn.close();
    child.kill("SIGTERM");
    await child.status;
    await output.cancel();
  }
  const lines = (await stderr).split("\n").filter((line) => line.includes("[warning]"));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", /no more files can be open; raise the limit/);
});

const ON_FULL_DISK = fileURLToPath(new URL("./coordinator_on_full_disk.ts", import.meta.url));

Deno.test({
  name:
    "coordinator: a start needs no room on the disk; a full one stops it, loses nothing, and is named",
  ignore: !await canMount(),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
    try {
      const { success, stdout, stderr } = await onSmallDisk(folder, { sizeMib: 8 }, [
        Deno.execPath(),
        ...["run", "-A", "--no-check", ON_FULL_DISK, folder],
      ]);
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.ok(success, said);
      assert.match(said, /survived/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

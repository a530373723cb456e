// The embedded coordinator in a process of its own, killed under load again and again: what was acknowledged is
// there afterwards. ROLLCALL_KILLS sets how often (default 20; `deno task test:kills` does 200).
import assert from "node:assert/strict";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { causes, until } from "../servers.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function startProcess(folder: string, port: number) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./coordinator_process.ts", import.meta.url).pathname,
      folder,
      `${port}`,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    port: Number(text(value ?? new Uint8Array(0))),
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

/** Some in every run; as many as wanted in a run of their own. */
const killCount = Number(Deno.env.get("ROLLCALL_KILLS") ?? 20);

Deno.test("Coordinator: a SIGKILL under load loses nothing that was acknowledged", async () => {
  await withFolder(async (folder) => {
    let server = await startProcess(folder, 0);
    const { port } = server;
    // Without luck in the pauses, which are the longest part of each round.
    const options = { sessionTimeoutMs: 20_000, random: () => 0 };
    const clients = [1, 2, 3].map(() => new ZooKeeper(`127.0.0.1:${port}`, options));
    const [first] = clients;
    assert.ok(first);
    try {
      await Promise.all(clients.map((zk) => zk.connected()));
      const sessionIds = clients.map((zk) => zk.sessionId);
      await Promise.all(clients.map((zk, index) => zk.create(`/c${index}`, "0")));
      await Promise.all(
        clients.map((zk, index) => zk.create(`/e${index}`, "", { mode: "ephemeral" })),
      );
      const versions = clients.map(() => 0);
      const created = new Set<string>();
      for (let round = 0; round < killCount; round++) {
        let running = true;
        let acknowledged = 0;
        const load = clients.map(async (zk, index) => {
          while (running) {
            const results = await Promise.allSettled([
              zk.set(`/c${index}`, `${round}`),
              zk.create(`/c${index}/n-`, "", { mode: "persistent_sequential" }),
              zk.create(`/c${index}/n-`, "x".repeat(1000), { mode: "persistent_sequential" }),
            ]);
            const [set, ...creates] = results;
            if (set?.status === "fulfilled" && "version" in Object(set.value)) {
              versions[index] = (set.value as { version: number }).version;
            }
            for (const result of creates) {
              if (result.status === "fulfilled") created.add(String(result.value));
            }
            acknowledged++;
          }
        });
        // Kill it at a different depth of load each time.
        await until("there is load", () => acknowledged > 5 + round * 37 % 150);
        const suspended = Promise.all(clients.map((zk) => causes("suspended", zk, () => {})));
        await server.kill();
        running = false;
        await suspended;
        server = await startProcess(folder, port);
        await Promise.all(clients.map((zk) => zk.connected()));
        await Promise.all(load);
        for (const [index, zk] of clients.entries()) {
          const { children, stat } = await zk.children(`/c${index}`);
          const there = new Set(children.map((name) => `/c${index}/${name}`));
          for (const path of created) {
            if (path.startsWith(`/c${index}/`)) assert.ok(there.has(path), `${path} is lost`);
          }
          assert.ok(stat.version >= (versions[index] ?? 0), "an acknowledged set is lost");
          assert.equal(stat.cversion, children.length, "children and their counter differ");
          assert.equal((await zk.exists(`/e${index}`))?.ephemeralOwner, sessionIds[index]);
        }
      }
      assert.deepEqual(clients.map((zk) => zk.sessionId), sessionIds);
    } finally {
      await Promise.all(clients.map((zk) => zk.close()));
      await server.kill();
    }
  });
});

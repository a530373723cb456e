// The embedded coordinator's memory: a restart must not cost more than what the clients have made.
import assert from "node:assert/strict";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";

const nodeCount = 60_000;

async function start(folder: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      // Garbage is collected by the thread that makes it: beside it, on a busy machine, it comes too late, and more memory is taken.
      ...["run", "-A", "--no-check", "--v8-flags=--single-threaded-gc"],
      ...[new URL("./coordinator_process.ts", import.meta.url).pathname, folder],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  return {
    connectString: `127.0.0.1:${port}`,
    /** Most memory that it ever had, in MiB. */
    async peakMib(): Promise<number> {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("Coordinator: a restart takes hardly more memory than the tree took when it was made", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
  let server = await start(folder);
  try {
    const emptyMib = await server.peakMib();
    const zk = new ZooKeeper(server.connectString, { operationTimeoutMs: 60_000 });
    for (let group = 0; group < nodeCount / 1_000; group++) {
      await zk.create(`/g${group}`);
      await Promise.all(
        Array.from(
          { length: 999 },
          (_, index) => zk.create(`/g${group}/node-${index}`, "x".repeat(100)),
        ),
      );
    }
    const madeMib = await server.peakMib() - emptyMib;
    await zk.close();
    await server.kill();
    server = await start(folder);
    const reader = new ZooKeeper(server.connectString);
    assert.equal(await reader.countDescendants("/"), nodeCount + 3);
    await reader.close();
    const restartedMib = await server.peakMib() - emptyMib;
    assert.ok(
      restartedMib < 1.3 * madeMib,
      `${restartedMib.toFixed()} MiB after the restart, ${madeMib.toFixed()} MiB before`,
    );
  } finally {
    await server.kill();
    await Deno.remove(folder, { recursive: true });
  }
});

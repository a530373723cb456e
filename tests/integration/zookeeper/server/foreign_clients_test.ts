// Clients that others wrote, on the embedded coordinator: kazoo, the C client's shell, ZooKeeper's own
// shell and npm:node-zookeeper-client. Each says at its end that all was as it should be.
import assert from "node:assert/strict";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";

const here = import.meta.dirname ?? ".";
const cShell = "/usr/lib/zookeeper/bin/cli_mt";
const javaFolder = "/usr/share/java";

/** Generous: it is reached only when the test fails. */
const patienceMs = 60_000;

interface Program {
  command: string;
  args: (address: string) => string[];
  /** Lines typed into it, one after the other has been answered. */
  typed?: [line: string, answer: RegExp][];
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** What a program says when it wants the coordinator restarted, with the data and on the port that it has. */
const restartWish = /^please restart\n/gm;

/** Runs a program against a coordinator and gives back everything that it said. */
async function run(program: Program): Promise<string> {
  const dataDir = await Deno.makeTempDir({ prefix: "rollcall-coordinator-" });
  let coordinator = await Coordinator.listen({ tickTimeMs: 500, dataDir });
  let said = "";
  let restarts = 0;
  const fulfilWishes = async () => {
    while (restarts < (said.match(restartWish)?.length ?? 0)) {
      restarts++;
      const { port } = coordinator;
      await coordinator.close();
      coordinator = await Coordinator.listen({ tickTimeMs: 500, dataDir, port });
    }
  };
  const child = new Deno.Command(program.command, {
    args: program.args(coordinator.connectString),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  const listen = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      said += decoder.decode(bytes, { stream: true });
      await fulfilWishes();
    }
  };
  const listening = Promise.all([listen(child.stdout), listen(child.stderr)]);
  const input = child.stdin.getWriter();
  let ended = false;
  child.status.then(() => ended = true);
  try {
    for (const [line, answer] of program.typed ?? []) {
      const from = said.length;
      if (line !== "") await input.write(new TextEncoder().encode(`${line}\n`));
      while (!answer.test(said.slice(from)) && !ended) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.match(
        said.slice(from),
        answer,
        `the answer to "${line}", after:\n${said.slice(0, from)}`,
      );
    }
    await input.close();
    const { success } = await child.status;
    await listening;
    assert.ok(success || program.typed !== undefined, said);
    return said;
  } finally {
    clearTimeout(timer);
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await listening;
    await coordinator.close();
    await Deno.remove(dataDir, { recursive: true });
  }
}

Deno.test("Coordinator: kazoo's operations, watches, locks, elections, queues, reconnects and lost sessions", async () => {
  // Debian's own Python: another one has no kazoo.
  const said = await run({
    command: "/usr/bin/python3",
    args: (address) => [`${here}/foreign/kazoo_recipes.py`, address],
  });
  assert.match(said, /all done\n$/);
});

Deno.test("Coordinator: the C client's shell", async () => {
  assert.ok(
    await exists(cShell),
    "install it: deno task setup:zookeeper_clients",
  );
  await run({
    // Into a pipe it would keep its answers to itself until the end.
    command: "stdbuf",
    args: (address) => ["-o0", cShell, address],
    typed: [
      ["", /CONNECTED_STATE/],
      ["create +e /e", /rc = 0/],
      ["create /a", /rc = 0/],
      ["set /a hello", /rc = 0/],
      ["get /a", /hello/],
      ["ls /", /rc = 0/],
      ["get /e", /ephemeralOwner = [1-9a-f]/],
      ["create2 /b", /rc = 0/],
      ["addauth digest ann:secret", /(?:)/],
      ["sync /a", /rc = 0/],
      ["delete /a", /rc = 0/],
      ["get /a", /rc = -101/],
      ["quit", /(?:)/],
    ],
  });
});

Deno.test("Coordinator: ZooKeeper's own shell", async () => {
  const jars = [
    ...["zookeeper", "commons-cli", "slf4j-api", "slf4j-nop", "metrics-core"],
    ...["buffer", "codec", "common", "handler", "resolver", "transport"].map((part) =>
      `netty-${part}`
    ),
  ].map((name) => `${javaFolder}/${name}.jar`).join(":");
  await run({
    command: "java",
    args: (address) => [
      ...["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", jars],
      ...["org.apache.zookeeper.ZooKeeperMain", "-server", address],
    ],
    typed: [
      ["", /SyncConnected/],
      ["create /a hello", /Created \/a/],
      ["create -s -e /e- x", /Created \/e-0000000001/],
      ["create -c /box x", /Created \/box/],
      ["create -t 100000 /mortal x", /Created \/mortal/],
      ["get -s /a", /hello[\s\S]*dataLength = 5/],
      ["addWatch -m PERSISTENT_RECURSIVE /a", /(?:)/],
      ["set /a changed", /NodeDataChanged path:\/a/],
      ["create /a/b x", /NodeCreated path:\/a\/b/],
      ["ls -R /a", /\/a\n\/a\/b/],
      ["getAllChildrenNumber /a", /1/],
      ["getEphemerals /", /e-0000000001/],
      ["whoami", /ip/],
      ["stat /none", /Node does not exist/],
      ["addauth digest ann:secret", /(?:)/],
      ["setAcl /a auth::crdwa", /(?:)/],
      ["getAcl /a", /digest,'ann:/],
      ["deleteall /a", /NodeDeleted path:\/a\n?/],
      ["quit", /(?:)/],
    ],
  });
});

Deno.test("Coordinator: npm:node-zookeeper-client", async () => {
  const said = await run({
    command: Deno.execPath(),
    args: (address) => ["run", "-A", "--no-check", `${here}/foreign/node_client.js`, address],
  });
  assert.match(said, /all done\n$/);
});

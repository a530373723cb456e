// Starts a real standalone ZooKeeper server from Debian's packages, on loopback, for tests. It says
// how to install one if there is none; it never skips.

const javaFolder = "/usr/share/java";
const jar = `${javaFolder}/zookeeper.jar`;

/** How long a server may take until it answers; about 2 s are normal on an idle machine. */
const startTimeoutMs = 60_000;

/** Another process may take a free port before the server does; then it is tried again. */
const maxAttempts = 5;

/** A server that is running. */
export interface RealZooKeeper {
  /** For a client: `127.0.0.1:port`. */
  connectString: string;
  port: number;
  /** Ends the server, by default with SIGTERM, and keeps its data. */
  halt(signal?: Deno.Signal): Promise<void>;
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** Starts a server with ticks of half a second, so that sessions can be as short as one second. */
export async function startRealZooKeeper(): Promise<RealZooKeeper> {
  try {
    await Deno.stat(jar);
  } catch {
    throw new Error(
      `start ZooKeeper: expected Debian's server at ${jar}, none was there. ` +
        "Install it: sudo bash scripts/install_zookeeper_as_root.sh",
    );
  }
  const folder = await Deno.makeTempDir({ prefix: "rollcall-zookeeper-" });
  for (let attempt = 1;; attempt++) {
    const port = freePort();
    try {
      return await startOn(port, folder);
    } catch (error) {
      if (attempt < maxAttempts) continue;
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }
}

async function startOn(port: number, folder: string): Promise<RealZooKeeper> {
  const config = `${folder}/zoo.cfg`;
  await Deno.writeTextFile(
    config,
    [
      "tickTime=500",
      `dataDir=${folder}/data`,
      `clientPort=${port}`,
      "clientPortAddress=127.0.0.1",
      "maxClientCnxns=0",
      "admin.enableServer=false",
      "4lw.commands.whitelist=*",
      // Its data need not survive the machine, and tests should not wait for the disk.
      "forceSync=no",
      "",
    ].join("\n"),
  );
  let child = spawn(config);
  const halt = async (signal: Deno.Signal = "SIGTERM") => {
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    await child.status;
  };
  const ready = async () => {
    try {
      await answering(port, child);
    } catch (error) {
      await halt("SIGKILL");
      throw error;
    }
  };
  await ready();
  return {
    connectString: `127.0.0.1:${port}`,
    port,
    halt,
    async restart() {
      await halt();
      child = spawn(config);
      await ready();
    },
    async stop() {
      await halt("SIGKILL");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function spawn(config: string): Deno.ChildProcess {
  return new Deno.Command("java", {
    args: [
      "-Xmx256m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-Dzookeeper.admin.enableServer=false",
      "-Dzookeeper.extendedTypesEnabled=true",
      "-cp",
      `${jar}:${javaFolder}/slf4j-nop.jar`,
      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
      config,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function answering(port: number, child: Deno.ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  let ended = false;
  child.status.then(() => ended = true);
  while (performance.now() < deadlineMs) {
    if (ended) break;
    try {
      // It says "imok" before it takes sessions; its mode it knows only then.
      if ((await fourLetterWord(port, "srvr")).includes("Mode: ")) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`start ZooKeeper: expected an answer on port ${port}, none was there`);
}

/** Sends one of the four-letter words and returns the whole answer. */
export async function fourLetterWord(port: number, word: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await conn.write(new TextEncoder().encode(word));
    return await new Response(conn.readable).text();
  } finally {
    try {
      conn.close();
    } catch {
      // The stream closed it.
    }
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

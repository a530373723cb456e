/**
 * Starts real ZooKeeper servers from Debian's packages, on loopback, for tests: one standalone server or an ensemble. Where
 * none is installed, tests fail with the command that installs it; they are never skipped.
 *
 * @module
 */

const LOOPBACK = "127.0.0.1";
const JAVA_FOLDER = "/usr/share/java";
const JAR = `${JAVA_FOLDER}/zookeeper.jar`;

/** Libraries that the server needs: Netty for TLS, a logger that prints nothing, and those for metrics and snapshots. */
const LIBRARIES = [
  ...["buffer", "codec", "common", "handler", "resolver", "transport"].map((part) =>
    `netty-${part}`
  ),
  "netty-transport-native-unix-common",
  "netty-transport-native-epoll",
  "slf4j-api",
  "slf4j-nop",
  "metrics-core",
  "snappy-java",
  "commons-io",
];
const LIBRARY_PATHS = LIBRARIES.map((name) => `${JAVA_FOLDER}/${name}.jar`);

/** How long a server may take until it answers. On an idle machine it takes about 2 s. */
const START_TIMEOUT_MS = 60_000;

/** How long one probe may take, since a server that is starting accepts connections that it never serves. */
const PROBE_TIMEOUT_MS = 2_000;

/** Attempts to start a server, since another process may take its port before it does. */
const MAX_ATTEMPTS = 5;

/** How a server differs from a standalone one with short ticks. */
export interface RealZooKeeperOptions {
  /** The jars of the server. Default: those of Debian, 3.8.0. */
  jars?: readonly string[];
  /** More lines of `zoo.cfg`; `FOLDER` in them becomes the server's own folder. */
  config?: string[];
  /** System properties of its Java. */
  properties?: Record<string, string>;
  /** Files to put into its folder first. */
  files?: Record<string, string | Uint8Array>;
  /** A second port, for TLS. Default: none. */
  secure?: boolean;
  /** Whether writes wait for the disk. Default false: the data of a test need not survive the machine. */
  forceSync?: boolean;
  /** Whether Java may compile as in production. Default false: that costs time at the start. */
  optimized?: boolean;
  /** The address that it listens on. Default: loopback. */
  hostname?: string;
}

/** A server that is running. */
export interface RealZooKeeper {
  /** For a client: `address:port`. */
  connectString: string;
  port: number;
  /** Where its transaction logs and snapshots are. */
  dataFolder: string;
  /** The port for TLS; 0 without. */
  securePort: number;
  /** Ends the server, by default with SIGTERM, and keeps its data. */
  halt(signal?: Deno.Signal): Promise<void>;
  /** Starts it again on the same port with the same data; it need not have ended. */
  restart(): Promise<void>;
  /** Starts it without waiting until it serves: a member of an ensemble serves only with a quorum. */
  launch(): void;
  /** Waits until it serves. */
  ready(): Promise<void>;
  /** Suspends its process (SIGSTOP), and resumes it (SIGCONT). */
  freeze(): void;
  thaw(): void;
  /** `standalone`, `leader` or `follower`. */
  mode(): Promise<string>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** Several servers that form one service. */
export interface RealEnsemble {
  /** For a client: every server. */
  connectString: string;
  servers: RealZooKeeper[];
  /** The server that leads now. */
  leader(): Promise<RealZooKeeper>;
  /** Ends them all and removes their data. */
  stop(): Promise<void>;
}

/** Starts a server with ticks of half a second, so that sessions can be as short as one second. */
export async function startRealZooKeeper(
  options: RealZooKeeperOptions = {},
): Promise<RealZooKeeper> {
  return await started(async () => {
    const server = await prepare(options, { port: freePort(options.hostname), members: "" });
    server.launch();
    try {
      await server.ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  });
}

/** Starts an ensemble, by default of three, with ticks of half a second. */
export async function startRealEnsemble(
  options: RealZooKeeperOptions & { size?: number } = {},
): Promise<RealEnsemble> {
  const { size = 3, hostname = LOOPBACK } = options;
  return await started(async () => {
    const ids = Array.from({ length: size }, (_, index) => index + 1);
    const members = ids.map((id) =>
      `server.${id}=${hostname}:${freePort(hostname)}:${freePort(hostname)}`
    );
    const lines = [
      ...members,
      "initLimit=20",
      "syncLimit=4",
      "standaloneEnabled=false",
      "",
    ].join("\n");
    const servers = await Promise.all(
      ids.map((id) =>
        prepare({ ...options, files: { ...options.files, "data/myid": `${id}\n` } }, {
          port: freePort(hostname),
          members: lines,
        })
      ),
    );
    const stop = async () => {
      await Promise.all(servers.map((server) => server.stop()));
    };
    for (const server of servers) server.launch();
    try {
      await Promise.all(servers.map((server) => server.ready()));
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      connectString: servers.map((server) => server.connectString).join(","),
      servers,
      async leader() {
        for (;;) {
          for (const server of servers) if (await server.mode() === "leader") return server;
          await delay(50);
        }
      },
      stop,
    };
  });
}

async function started<T>(start: () => Promise<T>): Promise<T> {
  try {
    await Deno.stat(JAR);
  } catch {
    throw new Error(
      `start ZooKeeper: expected Debian's server at ${JAR}, none was there. ` +
        "Install it: deno task setup:zookeeper",
    );
  }
  for (let attempt = 1;; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function prepare(
  options: RealZooKeeperOptions,
  { port, members }: { port: number; members: string },
): Promise<RealZooKeeper> {
  const { hostname = LOOPBACK } = options;
  const folder = await Deno.makeTempDir({ prefix: "rollcall-zookeeper-" });
  await Deno.mkdir(`${folder}/data`);
  for (const [name, content] of Object.entries(options.files ?? {})) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
  const inFolder = (text: string) => text.replaceAll("FOLDER", folder);
  const securePort = options.secure === true ? freePort(hostname) : 0;
  const config = `${folder}/zoo.cfg`;
  await Deno.writeTextFile(
    config,
    [
      "tickTime=500",
      `dataDir=${folder}/data`,
      `clientPort=${port}`,
      `clientPortAddress=${hostname}`,
      ...(securePort === 0 ? [] : [
        `secureClientPort=${securePort}`,
        `secureClientPortAddress=${hostname}`,
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
      ]),
      "maxClientCnxns=0",
      "admin.enableServer=false",
      "4lw.commands.whitelist=*",
      `forceSync=${options.forceSync === true ? "yes" : "no"}`,
      ...(options.config ?? []).map(inFolder),
      members,
      "",
    ].join("\n"),
  );
  const properties = {
    "zookeeper.admin.enableServer": "false",
    "zookeeper.extendedTypesEnabled": "true",
    ...options.properties,
  };
  const args = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    // Else it keeps figures in a file in /tmp, which a server that is killed leaves behind.
    "-XX:-UsePerfData",
    ...(options.optimized === true ? [] : ["-XX:TieredStopAtLevel=1"]),
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${inFolder(value)}`),
    "-cp",
    [...options.jars ?? [JAR], ...LIBRARY_PATHS].join(":"),
    "org.apache.zookeeper.server.quorum.QuorumPeerMain",
    config,
  ];
  let child: Deno.ChildProcess | undefined;
  const server: RealZooKeeper = {
    connectString: `${hostname}:${port}`,
    port,
    dataFolder: `${folder}/data/version-2`,
    securePort,
    launch() {
      child = new Deno.Command("java", { args, stdin: "null", stdout: "null", stderr: "null" })
        .spawn();
    },
    async ready() {
      if (child !== undefined) await answering({ hostname, port }, child);
    },
    async halt(signal: Deno.Signal = "SIGTERM") {
      if (child === undefined) return;
      try {
        // Nothing else reaches a process that is frozen.
        if (signal !== "SIGKILL") child.kill("SIGCONT");
        child.kill(signal);
      } catch {
        // It has ended by itself.
      }
      await child.status;
      child = undefined;
    },
    async restart() {
      await server.halt();
      server.launch();
      try {
        await server.ready();
      } catch (error) {
        await server.halt("SIGKILL");
        throw error;
      }
    },
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    async mode() {
      try {
        return /^Mode: (\w+)/m.exec(await fourLetterWord(port, "srvr", hostname))?.[1] ?? "none";
      } catch {
        return "none";
      }
    },
    async stop() {
      await server.halt("SIGKILL");
      await Deno.remove(folder, { recursive: true });
    },
  };
  return server;
}

async function answering(
  { hostname, port }: { hostname: string; port: number },
  child: Deno.ChildProcess,
): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  let ended = false;
  child.status.then(() => ended = true);
  while (performance.now() < deadlineMs && !ended) {
    try {
      // It says "imok" before it takes sessions; its mode it knows only then.
      if ((await fourLetterWord(port, "srvr", hostname)).includes("Mode: ")) return;
    } catch {
      // Not listening yet, or not serving.
    }
    await delay(50);
  }
  throw new Error(`start ZooKeeper: expected an answer on port ${port}, none was there`);
}

/** Sends one of the four-letter words and returns the whole answer; a server that is mute fails within seconds. */
export async function fourLetterWord(
  port: number,
  word: string,
  hostname: string = LOOPBACK,
): Promise<string> {
  const conn = await Deno.connect({ hostname, port });
  const close = () => {
    try {
      conn.close();
    } catch {
      // It is closed already.
    }
  };
  const timer = setTimeout(close, PROBE_TIMEOUT_MS);
  try {
    await conn.write(new TextEncoder().encode(word));
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(16 * 1024);
    let text = "";
    for (;;) {
      const sizeBytes = await conn.read(buffer);
      if (sizeBytes === null) return text;
      text += decoder.decode(buffer.subarray(0, sizeBytes), { stream: true });
    }
  } finally {
    clearTimeout(timer);
    close();
  }
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

function freePort(hostname: string = LOOPBACK): number {
  const listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

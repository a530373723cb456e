/**
 * The four-letter words that monitoring tools and some clients send instead of a handshake. The texts are those of
 * ZooKeeper 3.8, since programs read them.
 *
 * @module
 */

/** A client, as the answers report it. */
export interface ClientFacts {
  /** Its address and port. */
  remote: string;
  /** Requests received from it, and replies and events sent to it, since `crst`. */
  received: number;
  sent: number;
  /** Its session; undefined before the handshake. */
  session: { id: bigint; timeoutMs: number } | undefined;
  /** When it connected, in ms since 1970. */
  connectedWallMs: number;
}

/** The figures and lists that the answers report. */
export interface ServerFacts {
  zxid: bigint;
  nodes: number;
  ephemerals: number;
  watches: number;
  sessions: number;
  dataSizeBytes: number;
  /** Requests received, and replies and events sent, since `srst`. */
  received: number;
  sent: number;
  upTimeMs: number;
  port: number;
  dataDir: string | undefined;
  tickTimeMs: number;
  maxSessionTimeoutMs: number;
  maxConnections: number;
  clients: ClientFacts[];
}

/** What the words ask and tell the server. The lists may be long, and are made only when they are asked for. */
export interface WordSource {
  facts(): ServerFacts;
  /** Every watch on a node or its data: its path and the sessions that have one. */
  watches(): { path: string; sessionIds: bigint[] }[];
  /** Every session that has ephemeral nodes, and their paths. */
  ephemerals(): { sessionId: bigint; paths: string[] }[];
  /** Every session, and when it ends if its client is not heard again, in ms since 1970. */
  sessions(): { id: bigint; endsWallMs: number }[];
  /** Size of the data on the disk, in bytes. */
  storedBytes(): number;
  /** Lets the counters of the server, or those of its connections, begin at 0 again. */
  reset(what: "server" | "connections"): void;
}

/** Tools read the version of the protocol from this text; ours is that of 3.8. */
const version = "3.8.0-rollcall, built on the embedded coordinator";

const answers: Readonly<Record<string, (source: WordSource) => string>> = {
  ruok: () => "imok",
  isro: () => "rw",
  // kazoo reads the version from here.
  envi: () => `Environment:\nzookeeper.version=${version}\n`,
  srvr: (source) => `Zookeeper version: ${version}\n${counters(source.facts())}`,
  stat(source) {
    const facts = source.facts();
    const clients = facts.clients.map((client) => `${line(client, brief(client))}\n`).join("");
    return `Zookeeper version: ${version}\nClients:\n${clients}\n${counters(facts)}`;
  },
  cons(source) {
    const { clients } = source.facts();
    return `${clients.map((client) => `${line(client, full(client))}\n`).join("")}\n`;
  },
  conf: (source) => configuration(source.facts(), source.storedBytes()),
  mntr: (source) => monitored(source.facts()),
  dirs(source) {
    const sizeBytes = source.storedBytes();
    return `datadir_size: ${sizeBytes}\nlogdir_size: ${sizeBytes}\n`;
  },
  wchs(source) {
    const watches = source.watches();
    const connections = new Set(watches.flatMap(({ sessionIds }) => sessionIds)).size;
    const total = watches.reduce((sum, { sessionIds }) => sum + sessionIds.length, 0);
    return `${connections} connections watching ${watches.length} paths\nTotal watches:${total}\n`;
  },
  wchp: (source) =>
    `${
      source.watches().map(({ path, sessionIds }) =>
        `${path}\n${sessionIds.map((id) => `\t${hex(id)}\n`).join("")}`
      ).join("")
    }\n`,
  wchc(source) {
    const paths = new Map<bigint, string[]>();
    for (const { path, sessionIds } of source.watches()) {
      for (const id of sessionIds) {
        const own = paths.get(id);
        if (own === undefined) paths.set(id, [path]);
        else own.push(path);
      }
    }
    return `${lists([...paths].map(([id, own]) => ({ head: hex(id), lines: own })))}\n`;
  },
  dump,
  crst(source) {
    source.reset("connections");
    return "Connection stats reset.\n";
  },
  srst(source) {
    source.reset("server");
    return "Server stats reset.\n";
  },
};

/** Returns the word in the first four bytes of a connection; undefined if they are the length of a handshake. */
export function fourLetterWord(bytes: Uint8Array): string | undefined {
  const word = String.fromCharCode(...bytes.subarray(0, 4));
  return /^[a-z]{4}$/.test(word) ? word : undefined;
}

/** Returns the answer to a word, also to an unknown one. */
export function answerWord(word: string, source: WordSource): string {
  const answer = Object.hasOwn(answers, word) ? answers[word] : undefined;
  return answer?.(source) ?? `${word} is not executed because it is not in the whitelist.\n`;
}

function line({ remote, session }: ClientFacts, figures: string): string {
  return ` /${remote}[${session === undefined ? 0 : 1}](${figures})`;
}

function brief({ received, sent }: ClientFacts): string {
  return `queued=0,recved=${received},sent=${sent}`;
}

function full(client: ClientFacts): string {
  const { session, connectedWallMs } = client;
  if (session === undefined) return brief(client);
  const established = Math.round(connectedWallMs);
  return `${brief(client)},sid=${hex(session.id)},est=${established},to=${session.timeoutMs}`;
}

function counters(facts: ServerFacts): string {
  return [
    `Received: ${facts.received}`,
    `Sent: ${facts.sent}`,
    `Connections: ${facts.clients.length}`,
    "Outstanding: 0",
    `Zxid: ${hex(facts.zxid)}`,
    "Mode: standalone",
    `Node count: ${facts.nodes}`,
    "",
  ].join("\n");
}

function configuration(facts: ServerFacts, storedBytes: number): string {
  const folder = facts.dataDir ?? "";
  const values = {
    clientPort: facts.port,
    secureClientPort: -1,
    dataDir: folder,
    dataDirSize: storedBytes,
    dataLogDir: folder,
    dataLogSize: storedBytes,
    tickTime: facts.tickTimeMs,
    maxClientCnxns: facts.maxConnections,
    minSessionTimeout: facts.tickTimeMs * 2,
    maxSessionTimeout: facts.maxSessionTimeoutMs,
    clientPortListenBacklog: -1,
    serverId: 0,
  };
  return Object.entries(values).map(([key, value]) => `${key}=${value}\n`).join("");
}

function monitored(facts: ServerFacts): string {
  const values = {
    version,
    server_state: "standalone",
    packets_received: facts.received,
    packets_sent: facts.sent,
    num_alive_connections: facts.clients.length,
    outstanding_requests: 0,
    znode_count: facts.nodes,
    ephemerals_count: facts.ephemerals,
    watch_count: facts.watches,
    global_sessions: facts.sessions,
    approximate_data_size: facts.dataSizeBytes,
    uptime: Math.round(facts.upTimeMs),
  };
  return Object.entries(values).map(([key, value]) => `zk_${key}\t${value}\n`).join("");
}

function dump(source: WordSource): string {
  const sessions = source.sessions();
  const ephemerals = source.ephemerals();
  const { clients } = source.facts();
  return [
    "SessionTracker dump:\n",
    `Session Sets (${sessions.length})/(${sessions.length}):\n`,
    lists(sessions.map(({ id, endsWallMs }) => ({
      head: `1 expire at ${new Date(endsWallMs).toUTCString()}:`,
      lines: [hex(id)],
    }))),
    "ephemeral nodes dump:\n",
    `Sessions with Ephemerals (${ephemerals.length}):\n`,
    lists(ephemerals.map(({ sessionId, paths }) => ({ head: `${hex(sessionId)}:`, lines: paths }))),
    "Connections dump:\n",
    `Connections Sets (1)/(${clients.length}):\n`,
    ...clients.map(({ remote, session }) =>
      `\tip: /${remote} sessionId: ${hex(session?.id ?? 0n)}\n`
    ),
  ].join("");
}

function lists(entries: readonly { head: string; lines: readonly string[] }[]): string {
  return entries.map(({ head, lines }) => `${head}\n${lines.map((one) => `\t${one}\n`).join("")}`)
    .join("");
}

function hex(id: bigint): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`;
}

/**
 * The four-letter words that monitoring tools and some clients send instead of a handshake: ruok, srvr, stat, mntr,
 * envi, isro.
 *
 * @module
 */

/** The figures that the answers report. */
export interface ServerFacts {
  zxid: bigint;
  nodes: number;
  ephemerals: number;
  watches: number;
  sessions: number;
  dataSizeBytes: number;
  received: number;
  sent: number;
  upTimeMs: number;
  clients: { remote: string; received: number; sent: number }[];
}

/** Tools read the version of the protocol from this text; ours is that of 3.8. */
const version = "3.8.0-rollcall, built on the embedded coordinator";

/** Returns the word in the first four bytes of a connection; undefined if they are the length of a handshake. */
export function fourLetterWord(bytes: Uint8Array): string | undefined {
  const word = String.fromCharCode(...bytes.subarray(0, 4));
  return /^[a-z]{4}$/.test(word) ? word : undefined;
}

/** Returns the answer to a word, also to an unknown one. */
export function answerWord(word: string, facts: ServerFacts): string {
  switch (word) {
    case "ruok":
      return "imok";
    case "srvr":
      return `Zookeeper version: ${version}\n${counters(facts)}`;
    case "stat":
      return `Zookeeper version: ${version}\nClients:\n${
        facts.clients.map(({ remote, received, sent }) =>
          ` /${remote}[1](queued=0,recved=${received},sent=${sent})\n`
        ).join("")
      }\n${counters(facts)}`;
    case "mntr":
      return monitored(facts);
    case "envi":
      // kazoo reads the version from here.
      return `Environment:\nzookeeper.version=${version}\n`;
    case "isro":
      return "rw";
    default:
      return `${word} is not executed because it is not in the whitelist.\n`;
  }
}

function counters(facts: ServerFacts): string {
  return [
    `Received: ${facts.received}`,
    `Sent: ${facts.sent}`,
    `Connections: ${facts.clients.length}`,
    "Outstanding: 0",
    `Zxid: 0x${facts.zxid.toString(16)}`,
    "Mode: standalone",
    `Node count: ${facts.nodes}`,
    "",
  ].join("\n");
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

// What the coordinator's page is told: figures, sessions and nodes, taken from the coordinator's parts.
import type { Clock } from "../clock.ts";
import { permissions } from "../types.ts";
import { isAllowed } from "./acl.ts";
import type { AdminFacts, NodeView } from "./admin_page.ts";
import type { AdminSource } from "./admin_server.ts";
import type { ClientConnection } from "./client_connection.ts";
import type { DataTree } from "./data_tree.ts";
import type { RateMeter } from "./rate_meter.ts";
import type { RequestProcessor } from "./request_processor.ts";
import type { SessionTable } from "./session_table.ts";
import type { WatchTable } from "./watch_table.ts";

/** Data beyond this is not shown, in bytes: nobody reads it on a page. */
const maxShownBytes = 4_096;

/** Where the figures come from. */
export interface AdminSourceOptions {
  tree: DataTree;
  watches: WatchTable;
  sessions: SessionTable<ClientConnection>;
  processor: RequestProcessor;
  commitRate: RateMeter;
  changeRate: RateMeter;
  connectString(): string;
  dataDir: string | undefined;
  startedMs: number;
  clock: Clock;
}

/** Puts them together. */
export function adminSource(options: AdminSourceOptions): AdminSource {
  return { facts: () => facts(options), node: (path) => node(options.tree, path) };
}

function facts(options: AdminSourceOptions): AdminFacts {
  const { tree, watches, sessions, processor, commitRate, changeRate, clock } = options;
  const nowMs = clock.nowMs();
  return {
    connectString: options.connectString(),
    dataDir: options.dataDir,
    upTimeMs: nowMs - options.startedMs,
    zxid: `0x${processor.lastZxid.toString(16)}`,
    nodes: tree.size,
    ephemerals: tree.ephemeralCount,
    watches: watches.size,
    dataSizeBytes: tree.dataSizeBytes,
    commitsPerSecond: commitRate.perSecond(nowMs),
    changesPerSecond: changeRate.perSecond(nowMs),
    sessions: [...sessions.entries()].map((session) => ({
      id: `0x${session.id.toString(16)}`,
      timeoutMs: session.timeoutMs,
      client: session.connection?.remote,
      silentMs: nowMs - session.lastHeardMs,
      ephemerals: tree.ephemeralsOf(session.id).length,
    })),
  };
}

function node(tree: DataTree, path: string): NodeView | undefined {
  const found = tree.find(path);
  if (found === undefined) return undefined;
  const { children, version, ephemeralOwner, mtimeMs, data, acl } = found;
  // The page proves no identity, so it sees what the whole world may see.
  const isPublic = isAllowed(acl, [], permissions.READ);
  return {
    children: isPublic ? [...children] : [],
    version,
    ephemeralOwner: ephemeralOwner === 0n ? undefined : `0x${ephemeralOwner.toString(16)}`,
    mtimeMs,
    dataSizeBytes: data.length,
    text: isPublic && data.length <= maxShownBytes ? textOf(data) : undefined,
  };
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return undefined;
  }
}

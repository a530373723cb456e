/**
 * Collects the data of the coordinator's page from the parts of the server: figures, sessions and nodes.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { childPath } from "../../paths.ts";
import { type Acl, permissions } from "../../types.ts";
import { isAllowed, withoutHashes } from "../tree/acl.ts";
import type { AdminFacts, ChildView, NodeView } from "./facts.ts";
import type { AdminSource } from "./server.ts";
import type { ClientConnection } from "../sessions/client_connection.ts";
import type { DataTree } from "../tree/data_tree.ts";
import type { RateMeter } from "./rate_meter.ts";
import type { RequestProcessor } from "../requests/request_processor.ts";
import type { SessionTable } from "../sessions/session_table.ts";
import { bytesOf, type TreeNode } from "../tree/tree_node.ts";
import type { WatchTable } from "../tree/watch_table.ts";

/** Longest data that is shown, in bytes: nobody reads more on a page. */
const maxShownBytes = 16_384;

/** Most children that are listed, more than anybody reads; the others are counted. */
const maxListed = 500;

/** The parts of the server that the figures come from. */
export interface AdminSourceOptions {
  tree: DataTree;
  watches: WatchTable;
  sessions: SessionTable<ClientConnection>;
  processor: RequestProcessor;
  commitRate: RateMeter;
  changeRate: RateMeter;
  connections(): number;
  connectString(): string;
  dataDir: string | undefined;
  startedMs: number;
  clock: Clock;
}

/** Returns the source of the page's data. */
export function adminSource(options: AdminSourceOptions): AdminSource {
  const { tree, clock } = options;
  return {
    facts: () => facts(options),
    node: (path) => nodeView(tree, path),
    wallTimeMs: () => clock.wallTimeMs(),
  };
}

function facts(options: AdminSourceOptions): AdminFacts {
  const { tree, watches, sessions, processor, commitRate, changeRate, clock } = options;
  const nowMs = clock.nowMs();
  return {
    connectString: options.connectString(),
    dataDir: options.dataDir ?? null,
    upTimeMs: nowMs - options.startedMs,
    zxid: hex(processor.lastZxid),
    connections: options.connections(),
    nodes: tree.size,
    ephemerals: tree.ephemeralCount,
    watches: watches.size,
    dataSizeBytes: tree.dataSizeBytes,
    commitsPerSecond: commitRate.perSecond(nowMs),
    changesPerSecond: changeRate.perSecond(nowMs),
    changesBySecond: changeRate.bySecond(nowMs),
    sessions: [...sessions.entries()].map((session) => ({
      id: hex(session.id),
      timeoutMs: session.timeoutMs,
      client: session.connection?.remote ?? null,
      silentMs: nowMs - session.lastHeardMs,
      ephemerals: tree.ephemeralsOf(session.id).length,
      watches: session.connection === undefined ? 0 : watches.countOf(session.connection),
    })),
  };
}

function nodeView(tree: DataTree, path: string): NodeView | undefined {
  const node = tree.find(path);
  if (node === undefined) return undefined;
  // The page proves no identity, so it shows what everybody may read.
  const isPublic = isAllowed(node.acl, [], permissions.READ);
  return {
    children: isPublic ? childViews(tree, node) : [],
    childCount: node.children.size,
    version: node.version,
    cversion: tree.stat(node).cversion,
    aversion: node.aversion,
    czxid: hex(node.czxid),
    mzxid: hex(node.mzxid),
    pzxid: hex(node.pzxid),
    ephemeralOwner: node.ephemeralOwner === 0n ? undefined : hex(node.ephemeralOwner),
    isContainer: node.isContainer,
    ttlMs: node.ttlMs,
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
    dataSizeBytes: bytesOf(node).length,
    acl: withoutHashes(node.acl).map(aclText),
    isPublic,
    text: isPublic && bytesOf(node).length <= maxShownBytes ? textOf(bytesOf(node)) : undefined,
  };
}

function childViews(tree: DataTree, node: TreeNode): ChildView[] {
  return [...node.children].sort().slice(0, maxListed).flatMap((name) => {
    const child = tree.find(childPath(node.path, name));
    return child === undefined ? [] : [{
      name,
      childCount: child.children.size,
      dataSizeBytes: bytesOf(child).length,
      version: child.version,
      isEphemeral: child.ephemeralOwner !== 0n,
      mtimeMs: child.mtimeMs,
    }];
  });
}

function aclText({ permissions: bits, scheme, id }: Acl): string {
  const { CREATE, DELETE, READ, WRITE, ADMIN } = permissions;
  const letters = [[CREATE, "c"], [DELETE, "d"], [READ, "r"], [WRITE, "w"], [ADMIN, "a"]] as const;
  return `${letters.map(([bit, letter]) => bits & bit ? letter : "-").join("")} ${scheme}:${id}`;
}

function hex(id: bigint): string {
  return `0x${id.toString(16)}`;
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return undefined;
  }
}

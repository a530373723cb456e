// What the clients of a sequence observed, in terms that do not differ between servers.
import type { Stat } from "../../../zookeeper/mod.ts";
import { parentPath } from "../../../zookeeper/paths.ts";

/** One observation of one client, in its order. */
export interface Observation {
  client: number;
  step: number;
  saw: unknown;
}

/** The id of a transaction within an observation. */
export interface SeenZxid {
  zxidOf: bigint;
}

/** Replaces zxids by their ranks and session ids by client numbers, and leaves times out. */
export function normalize(
  observations: Observation[],
  root: string,
  owners: Map<bigint, number>,
): Observation[] {
  const zxids = new Set<bigint>();
  visit(observations, {
    text: (text) => text,
    stat: ({ czxid, mzxid, pzxid }) => void [czxid, mzxid, pzxid].forEach((id) => zxids.add(id)),
    zxid: (zxid) => void zxids.add(zxid),
  });
  const ranks = new Map(
    [...zxids].sort((a, b) => a < b ? -1 : 1).map((zxid, rank) => [zxid, rank]),
  );
  return visit(observations, {
    text: (text) => text.replaceAll(root, "ROOT").replaceAll(parentPath(root), "AROUND"),
    zxid: (zxid) => ranks.get(zxid),
    stat: (stat) => ({
      czxid: ranks.get(stat.czxid),
      mzxid: ranks.get(stat.mzxid),
      pzxid: ranks.get(stat.pzxid),
      timesInOrder: stat.ctimeMs <= stat.mtimeMs,
      version: stat.version,
      cversion: stat.cversion,
      aversion: stat.aversion,
      owner: stat.ephemeralOwner === 0n ? null : owners.get(stat.ephemeralOwner) ?? "unknown",
      dataSizeBytes: stat.dataSizeBytes,
      numChildren: stat.numChildren,
    }),
  }) as Observation[];
}

/** Returns the highest zxid of any stat in a body. */
export function newestZxid(body: unknown): bigint {
  let newest = 0n;
  visit(body, {
    text: (text) => text,
    zxid: () => {},
    stat: ({ czxid, mzxid, pzxid }) => {
      for (const zxid of [czxid, mzxid, pzxid]) if (zxid > newest) newest = zxid;
    },
  });
  return newest;
}

interface Visitor {
  text(text: string): unknown;
  stat(stat: Stat): unknown;
  zxid(zxid: bigint): unknown;
}

function visit(value: unknown, on: Visitor): unknown {
  if (Array.isArray(value)) return value.map((each) => visit(each, on));
  if (typeof value === "string") return on.text(value);
  if (typeof value !== "object" || value === null) return value;
  if ("czxid" in value) return on.stat(value as Stat);
  if ("zxidOf" in value) return on.zxid((value as SeenZxid).zxidOf);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, visit(each, on)]));
}

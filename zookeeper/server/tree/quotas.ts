/**
 * Quotas, as ZooKeeper 3.8 has them: the node `zookeeper_limits` below `/zookeeper/quota/PATH` says how many nodes and
 * bytes there may be at and below PATH, and `zookeeper_stats` beside it says how many there are. The tree counts in the
 * latter; of several quotas above a node, only the nearest counts it.
 *
 * @module
 */

import { baseName, parentPath } from "../../paths.ts";

/** The node below which quotas are. */
export const quotaRoot = "/zookeeper/quota";
const limitsName = "zookeeper_limits";
const statsName = "zookeeper_stats";

/** Nodes and bytes. -1 in a limit: none is set. */
export interface QuotaFigures {
  count: number;
  bytes: number;
}

/** What a quota allows. A soft limit is only talked about; where there is a hard one as well, that counts alone. */
export interface QuotaLimits extends QuotaFigures {
  countHardLimit: number;
  byteHardLimit: number;
}

/** A quota that a change would exceed. */
export interface ExceededQuota {
  /** The path that has the quota. */
  path: string;
  /** What there would be too much of. */
  of: "count" | "bytes";
  limit: number;
  wouldBe: number;
  isHard: boolean;
}

/** The node of a quota's limits, and that of what is there. */
export function limitsPath(path: string): string {
  return `${quotaRoot}${path}/${limitsName}`;
}

/** The node that says what is there. */
export function statsPath(path: string): string {
  return `${quotaRoot}${path}/${statsName}`;
}

/** Returns which of a quota's nodes this is, and the path that the quota is for; undefined if it is none. */
export function quotaNode(node: string): { path: string; kind: "limits" | "stats" } | undefined {
  if (!node.startsWith(`${quotaRoot}/`)) return undefined;
  const name = baseName(node);
  if (name !== limitsName && name !== statsName) return undefined;
  const path = parentPath(node).slice(quotaRoot.length);
  // One for the whole tree counts nothing in ZooKeeper either.
  return path === "" ? undefined : { path, kind: name === limitsName ? "limits" : "stats" };
}

/** Reads `count=3,bytes=10=;countHardLimit=5;byteHardLimit=20`; what is missing or no number is no limit. */
export function parseLimits(data: Uint8Array): QuotaLimits {
  const values = new Map(
    new TextDecoder().decode(data).split(/[,;]+/).map((pair) => {
      const [key = "", value = ""] = pair.split("=");
      return [key, /^-?\d+$/.test(value) ? Number(value) : -1];
    }),
  );
  const of = (key: string) => values.get(key) ?? -1;
  return {
    count: of("count"),
    bytes: of("bytes"),
    countHardLimit: of("countHardLimit"),
    byteHardLimit: of("byteHardLimit"),
  };
}

/** Writes figures as {@linkcode parseLimits} reads them. */
export function formatFigures({ count, bytes }: QuotaFigures): Uint8Array {
  return new TextEncoder().encode(`count=${count},bytes=${bytes}`);
}

/** Returns the limits that a change by `change` would exceed, the count first. */
export function exceededQuotas(
  path: string,
  { limits, present, change }: { limits: QuotaLimits; present: QuotaFigures; change: QuotaFigures },
): ExceededQuota[] {
  return (["count", "bytes"] as const).flatMap((of) => {
    const hard = of === "count" ? limits.countHardLimit : limits.byteHardLimit;
    const isHard = hard > -1;
    const limit = isHard ? hard : limits[of];
    const wouldBe = present[of] + change[of];
    if (change[of] === 0 || limit < 0 || wouldBe <= limit) return [];
    return [{ path, of, limit, wouldBe, isHard }];
  });
}

/** The paths that have a quota. */
export class QuotaPaths {
  readonly #paths = new Set<string>();

  /** True if there are no quotas. */
  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  /** Adds a path. */
  add(path: string): void {
    this.#paths.add(path);
  }

  /** Removes a path. */
  delete(path: string): void {
    this.#paths.delete(path);
  }

  /** Returns the nearest path at or above a node that has a quota. */
  nearest(node: string): string | undefined {
    if (this.isEmpty) return undefined;
    for (let path = node; path !== "/"; path = parentPath(path)) {
      if (this.#paths.has(path)) return path;
    }
    return undefined;
  }
}

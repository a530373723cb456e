/**
 * Writes a create, alone or inside a `multi`. Containers and nodes with a time to live have operation codes of their
 * own.
 *
 * @module
 */

import { ZooKeeperError } from "../../errors.ts";
import type { MultiOperation } from "../../types.ts";
import type { JuteWriter } from "../../wire/jute.ts";
import { createFlags, maxTtlMs, opcodes } from "../../wire/protocol.ts";
import { writeAcl } from "../../wire/records.ts";

/** What a create consists of, beside its path. */
export type Creation = Pick<MultiOperation & { kind: "create" }, "data" | "acl" | "mode" | "ttlMs">;

/** The operation code of a create; with `withStat` the one whose reply has the stat as well. */
export function createOpcode(
  { mode, ttlMs }: Pick<Creation, "mode" | "ttlMs">,
  withStat = false,
): number {
  if (mode === "container") return opcodes.createContainer;
  if (ttlMs !== undefined) return opcodes.createTtl;
  return withStat ? opcodes.create2 : opcodes.create;
}

/** Says what is wrong with a creation before anything is sent, or undefined. */
export function creationProblem({ mode, ttlMs }: Pick<Creation, "mode" | "ttlMs">) {
  if (ttlMs === undefined) return undefined;
  if (mode !== "persistent" && mode !== "persistent_sequential") {
    return `a time to live goes with persistent nodes only, mode ${mode} was there`;
  }
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > maxTtlMs) {
    return `expected a time to live of 1 to ${maxTtlMs} ms, ${ttlMs} was there`;
  }
  return undefined;
}

/** Writes the body. */
export function writeCreate(writer: JuteWriter, path: string, creation: Creation): void {
  const { data, acl, mode, ttlMs } = creation;
  writer.string(path);
  writer.buffer(data);
  writeAcl(writer, acl);
  if (ttlMs === undefined) {
    writer.int(createFlags[mode]);
  } else {
    writer.int(
      mode === "persistent" ? createFlags.persistent_ttl : createFlags.persistent_sequential_ttl,
    );
    writer.longFromNumber(ttlMs);
  }
}

/** The path by which a creation is checked: the digits complete a sequential name, so "/queue/" is a fine start. */
export function checkedPath(path: string, { mode }: Pick<Creation, "mode">): string {
  return mode.endsWith("_sequential") ? `${path}1` : path;
}

/** Refuses what {@linkcode creationProblem} finds. */
export function badCreation(path: string, problem: string): ZooKeeperError {
  return new ZooKeeperError({
    code: "BAD_ARGUMENTS",
    operation: "create",
    path,
    detail: problem,
  });
}

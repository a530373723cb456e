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

/** The parts of a create without its path. */
export type Creation = Pick<MultiOperation & { kind: "create" }, "data" | "acl" | "mode" | "ttlMs">;

/** Returns the operation code of a create; `withStat`: the one whose reply has the stat as well. */
export function createOpcode(
  { mode, ttlMs }: Pick<Creation, "mode" | "ttlMs">,
  withStat = false,
): number {
  if (mode === "container") return opcodes.createContainer;
  if (ttlMs !== undefined) return opcodes.createTtl;
  return withStat ? opcodes.create2 : opcodes.create;
}

/** Returns what is wrong with a create, before anything is sent; undefined if nothing is. */
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

/** Writes the body of a create. */
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

/** Returns the path to validate. The server appends digits to a sequential name, so that "/queue/" is valid there. */
export function checkedPath(path: string, { mode }: Pick<Creation, "mode">): string {
  return mode.endsWith("_sequential") ? `${path}1` : path;
}

/** Returns the error for what {@linkcode creationProblem} finds. */
export function badCreation(path: string, problem: string): ZooKeeperError {
  return new ZooKeeperError({
    code: "BAD_ARGUMENTS",
    operation: "create",
    path,
    detail: problem,
  });
}

/**
 * Decodes the entries of one host. What cannot be read of a single host is told, and makes the others more careful.
 *
 * @module
 */

import {
  type Current,
  currentSchema,
  EntryError,
  type Roster,
  rosterSchema,
  SCHEMA_VERSION,
  type Slot,
  slotSchema,
} from "../entries.ts";
import { UNREADABLE } from "../slot.ts";
import { currentPath, servicePath, slotsPath } from "../tree.ts";
import { decodeNode, decodeOwned, type RawNode, type TreePart } from "./node.ts";
import { Problems } from "./problems.ts";

/** Where entries are, and where it is told which of them cannot be read. */
export interface Source {
  readonly tree: Pick<TreePart, "node">;
  readonly problems: Problems;
}

/**
 * Decodes a host's slot; `null` if there is none. One that cannot be read counts as held, since its host may be down, unless
 * the host is on no roster.
 */
export function decodeSlot(
  service: string,
  host: string,
  node: RawNode,
  { problems = new Problems(), isMember = true }: {
    readonly problems?: Problems;
    readonly isMember?: boolean;
  } = {},
): Slot | null {
  const of = { path: slotsPath(service, host), field: "host", name: host } as const;
  return orElse(
    () => decodeOwned<"host", Slot>(slotSchema, node, of)?.entry ?? null,
    problems,
    () => isMember ? unreadableSlot(host, node) : null,
  );
}

/**
 * Whoever holds a slot may be down, and a slot that cannot be read may be held. So it counts as held by the host that its
 * node names; that host gives it back once it has no switch under way, and serves.
 */
export function unreadableSlot(host: string, node: RawNode): Slot {
  return {
    schema: SCHEMA_VERSION,
    host,
    from: null,
    to: UNREADABLE,
    step: "draining",
    sinceMs: node !== null && "mtimeMs" in node ? node.mtimeMs : 0,
    wave: null,
    reason: null,
  };
}

/** Decodes a host's entry among the current hosts; `null` if there is none that can be read. */
export function decodeCurrent(
  service: string,
  host: string,
  { tree, problems }: Source,
): Current | null {
  const path = currentPath(service, host);
  const of = { path, field: "host", name: host } as const;
  const decode = () =>
    decodeOwned<"host", Current>(currentSchema, tree.node(path), of)?.entry ?? null;
  return orElse(decode, problems, () => null);
}

/** Decodes what stands on the roster of a host; `null` if it is not there, or cannot be read: then it only is on the roster. */
export function decodeRoster(
  service: string,
  host: string,
  { tree, problems }: Source,
): Roster | null {
  const path = servicePath(service, host);
  const decode = () => decodeNode<Roster>(rosterSchema, tree.node(path), path)?.entry ?? null;
  return orElse(decode, problems, () => null);
}

function orElse<T>(decode: () => T, problems: Problems, instead: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    problems.add(error);
    return instead();
  }
}

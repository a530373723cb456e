/**
 * Children by their names: those that a host or a service can have. Everything else below Rollcall's nodes is somebody else's:
 * it does not count, and is told.
 *
 * @module
 */

import { isName, NAME_RULE, quoteForeign } from "../../base/names.ts";
import { type SequentialName, sortSequential } from "../tree.ts";
import type { Problems } from "./problems.ts";

/** Keeps the names that a host or a service can have, and tells of the others. */
export function keepNames(
  names: readonly string[],
  parent: string,
  problems: Problems,
): string[] {
  return names.filter((name) => {
    if (isName(name)) return true;
    problems.add(describe(parent, name));
    return false;
  });
}

/** Keeps the sequential nodes whose prefix can be the name of a host or a service, in order, and tells of the others. */
export function keepSequential(
  names: readonly string[],
  parent: string,
  problems: Problems,
): SequentialName[] {
  const kept = sortSequential(names).filter(({ prefix }) => isName(prefix));
  if (kept.length < names.length) {
    const known = new Set(kept.map(({ node }) => node));
    for (const name of names) if (!known.has(name)) problems.add(describe(parent, name));
  }
  return kept;
}

/** Most names that are told of one node; an operator who looks sees the others. */
const TOLD_MAX = 5;

/** Tells of the nodes below which hosts are counted that are no host's of the roster. Whoever counts them counts too many. */
export function tellStrangers(
  names: readonly string[],
  parent: string,
  { roster, problems }: { readonly roster: ReadonlySet<string>; readonly problems: Problems },
): void {
  for (const name of names.filter((one) => !roster.has(one)).slice(0, TOLD_MAX)) {
    problems.add(
      `read ${parent}: expected children that are on the roster, was ${quoteForeign(name)}, ` +
        "which is nobody's; delete it",
    );
  }
}

function describe(parent: string, name: string): string {
  return `read ${parent}: expected children whose names have ${NAME_RULE}, was ` +
    `${quoteForeign(name)}, which does not count; delete it`;
}

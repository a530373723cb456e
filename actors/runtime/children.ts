/**
 * How an actor comes to have children: their names, and the typed reference to each.
 *
 * @module
 */

import { Cell } from "./cell.ts";
import { CellRef } from "./cell_ref.ts";
import type { ErasedDefinition, Supervision } from "./control.ts";
import type { ActorDefinition } from "./definition.ts";
import { ActorError } from "./errors.ts";
import type { ActorRef } from "./ref.ts";

/**
 * Makes a child without starting it. `stillborn` ones have ended before they began: what an actor
 * gets that spawns after its own end.
 */
export function makeChild<S, M>(
  parent: Cell,
  name: string,
  { definition, place }: {
    readonly definition: ActorDefinition<S, M>;
    readonly place: Supervision | "plain" | "stillborn";
  },
): Cell & { readonly ref: ActorRef<M> } {
  checkName(parent, name);
  // The only place where the types of an actor are dropped: from here on its state comes from its
  // own functions only, and its messages from its reference only, which is typed again below.
  const erased = definition as unknown as ErasedDefinition;
  if (place === "stillborn" || parent.isClosed) {
    const stillborn = new Cell(parent.runtime, erased, { name, parent, supervision: undefined });
    stillborn.finalise({ kind: "shutdown" }, "silently");
    return stillborn;
  }
  const children = parent.children ??= new Map<string, Cell>();
  const holder = children.get(name);
  if (holder !== undefined && holder.status !== "stopped") {
    throw new ActorError(
      "name_taken",
      `spawn ${parent.path}/${name}: expected a name that no child has, there is one; ` +
        "stop it and wait for its end first",
    );
  }
  // Who learns of an end by a watch learns of it before the parent's own bookkeeping does. Taken out,
  // not replaced: a map keeps the place of a key, and children are in the order of their starts.
  children.delete(name);
  const supervision = place === "plain" ? undefined : place;
  const child = new Cell(parent.runtime, erased, { name, parent, supervision });
  children.set(name, child);
  return child;
}

/** The actor at this path below a root; undefined if there is none. */
export function findCell(root: Cell, path: string): Cell | undefined {
  const [first, ...names] = path.split("/");
  if (first !== "" || names.length === 0) return undefined;
  let cell: Cell | undefined = root;
  for (const name of names) cell = cell?.children?.get(name);
  return cell;
}

/** Stops a child for good. One that has ended already is no mistake: the parent may not know yet. */
export function stopChild(parent: Cell, ref: ActorRef<never>): void {
  const child = CellRef.cellOf(ref);
  if (child === undefined || child.parent !== parent) {
    throw new ActorError(
      "not_a_child",
      `stop ${ref.path} from ${parent.displayPath}: expected a child of its own; send it a ` +
        "message instead",
    );
  }
  child.requestStop();
}

/** Names are shown in paths and logs: a slash would make them ambiguous, length is for sanity. */
const LONGEST_NAME = 200;

function checkName(parent: Cell, name: string): void {
  if (name.length > 0 && name.length <= LONGEST_NAME && !name.includes("/")) return;
  throw new ActorError(
    "invalid_name",
    `spawn a child of ${parent.displayPath}: expected a name of 1 to ` +
      `${LONGEST_NAME} characters without a slash, got "${name.slice(0, LONGEST_NAME)}"`,
  );
}

/**
 * An actor's children by name: which names are valid, how a child is found, and how it is stopped. A
 * cell makes its children itself.
 *
 * @module
 */

import type { Cell } from "./cell.ts";
import { CellRef } from "./cell_ref.ts";
import { ActorError } from "../errors.ts";
import type { ActorRef } from "../ref.ts";

/** The actor at this path below a root; undefined if there is none. */
export function findCell(root: Cell, path: string): Cell | undefined {
  const [first, ...names] = path.split("/");
  if (first !== "" || names.length === 0) return undefined;
  let cell: Cell | undefined = root;
  for (const name of names) cell = cell?.children?.get(name);
  return cell;
}

/**
 * Stops a child for good. A child that has ended already is no error: its parent may not know yet.
 *
 * @throws {ActorError} `not_a_child`.
 */
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

/** Longest name of an actor, in characters. Names are shown in paths and logs. */
const LONGEST_NAME = 200;

/**
 * Checks the name of a new child.
 *
 * @throws {ActorError} `invalid_name`, or `name_taken` while a living child has it. A child that has
 * ended before it began takes no name.
 */
export function checkChildName(parent: Cell, name: string, isStillborn: boolean): void {
  if (name.length === 0 || name.length > LONGEST_NAME || name.includes("/")) {
    throw new ActorError(
      "invalid_name",
      `spawn a child of ${parent.displayPath}: expected a name of 1 to ` +
        `${LONGEST_NAME} characters without a slash, got "${name.slice(0, LONGEST_NAME)}"`,
    );
  }
  const holder = parent.children?.get(name);
  if (holder === undefined || holder.status === "stopped" || isStillborn) return;
  throw new ActorError(
    "name_taken",
    `spawn ${parent.path}/${name}: expected a name that no child has, there is one; ` +
      "stop it and wait for its end first",
  );
}

/**
 * Lists of names in messages. They are bounded: a message about a fleet of a thousand hosts has to fit into a line and into
 * the entry that carries it.
 *
 * @module
 */

/** Most names that a list has by default: as many as fit into a cell of a table. */
const NAMES_MAX = 3;

/** Joins names for a message: at most `max` of them, and then how many more there are. */
export function listNames(names: readonly string[], max: number = NAMES_MAX): string {
  return names.length <= max
    ? names.join(", ")
    : `${names.slice(0, max).join(", ")}, and ${names.length - max} more`;
}

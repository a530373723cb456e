/**
 * Which bug is planted in the tree of files that this one belongs to.
 *
 * @module
 */

/** Its name; `null` in the code that ships. `planted_tree.ts` puts another file in place of this one. */
export const PLANTED: string | null = null;

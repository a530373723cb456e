/**
 * Files that import each other's types in a circle, and why each circle stays. They cost nothing when the program runs;
 * a circle of values would make the order in which files are loaded matter, and there is none.
 *
 * @module
 */

/** One circle. */
export interface TypeCircle {
  /** In order. */
  readonly files: readonly string[];
  /** The reason why it stays. */
  readonly why: string;
}

/** In the order of their first files. */
export const TYPE_CIRCLES: readonly TypeCircle[] = [
  {
    files: [
      "actors/runtime/cell/cell.ts",
      "actors/runtime/cell/cell_base.ts",
      "actors/runtime/cell/cell_ref.ts",
      "actors/runtime/cell/children.ts",
      "actors/runtime/cell/incarnation.ts",
      "actors/runtime/cell/owned_asks.ts",
      "actors/runtime/cell/owned_resources.ts",
      "actors/runtime/cell/pending_ask.ts",
      "actors/runtime/cell/system_messages.ts",
      "actors/runtime/cell/termination.ts",
    ],
    why:
      "A cell holds its incarnation, that holds its asks and children, and these hold cells: an actor's tree goes both ways.",
  },
];

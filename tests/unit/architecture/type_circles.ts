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
      "actors/runtime/actor_definition.ts",
      "actors/runtime/errors.ts",
      "actors/runtime/ref.ts",
    ],
    why:
      "The public types of the runtime speak of each other: a definition of references, a reference of asks' errors, an error of the definition's signals.",
  },
  {
    files: [
      "actors/runtime/cell/ask_cycle.ts",
      "actors/runtime/cell/cell.ts",
      "actors/runtime/cell/cell_base.ts",
      "actors/runtime/cell/cell_ref.ts",
      "actors/runtime/cell/children.ts",
      "actors/runtime/cell/incarnation.ts",
      "actors/runtime/cell/message_adapter.ts",
      "actors/runtime/cell/owned_asks.ts",
      "actors/runtime/cell/owned_resources.ts",
      "actors/runtime/cell/owned_tasks.ts",
      "actors/runtime/cell/owned_timers.ts",
      "actors/runtime/cell/owner.ts",
      "actors/runtime/cell/pending_ask.ts",
      "actors/runtime/cell/runtime.ts",
      "actors/runtime/cell/system_messages.ts",
      "actors/runtime/cell/termination.ts",
    ],
    why:
      "A cell is cut into the ideas that it consists of, and each of them is handed the cell that it belongs to.",
  },
  {
    files: [
      "actors/runtime/supervision/supervisor.ts",
      "actors/runtime/supervision/supervisor_state.ts",
    ],
    why: "A supervisor's state is made from its public options.",
  },
  {
    files: [
      "torrent/delta/reuse_release.ts",
      "torrent/delta/reuse_work.ts",
    ],
    why: "The work is made from the public options.",
  },
  {
    files: [
      "tracker/members/announce.ts",
      "tracker/members/member_index.ts",
      "tracker/members/members.ts",
      "tracker/members/unverified_seeds.ts",
    ],
    why: "A member stands in indexes of members.",
  },
];

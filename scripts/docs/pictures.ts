/**
 * Draws the pictures of docs/architecture.md into docs/pictures: `deno task docs:pictures`.
 *
 * @module
 */

import { agentTree } from "./agent_tree.ts";
import { blockPath } from "./block_path.ts";
import { releaseLife } from "./release_life.ts";
import { whoRunsWhere } from "./who_runs_where.ts";

/** Where they go. */
const FOLDER = new URL("../../docs/pictures/", import.meta.url);

/** Each picture's file name, and what draws it. */
export const PICTURES: Readonly<Record<string, () => string>> = {
  "who_runs_where.svg": whoRunsWhere,
  "agent_tree.svg": agentTree,
  "release_life.svg": releaseLife,
  "block_path.svg": blockPath,
};

if (import.meta.main) {
  for (const [name, draw] of Object.entries(PICTURES)) {
    Deno.writeTextFileSync(new URL(name, FOLDER), draw());
  }
}

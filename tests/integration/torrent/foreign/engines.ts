/** Our engines, for tests that hold for each of them. */

import { type CreateEngine, ENGINES as BY_NAME } from "../../../../torrent/mod.ts";

/** An engine of ours. */
export interface OwnEngine {
  readonly name: string;
  readonly create: CreateEngine;
}

/** All of them. */
export const ENGINES: readonly OwnEngine[] = Object.entries(BY_NAME)
  .map(([name, create]) => ({ name, create }));

/**
 * An operator's word to the whole fleet.
 *
 * @module
 */

import { type Control, encodeEntry, SCHEMA_VERSION } from "../entries.ts";
import { CONTROL } from "../tree.ts";
import type { TreeOperation } from "./operation.ts";

/** The control node as it was read; its entry is `null` when it cannot be read. */
export interface StandingControl {
  readonly entry: Control | null;
  readonly znodeVersion: number;
}

/** Changes the control node, if it stands as it was read. What cannot be read is written anew. */
export function setControl(standing: StandingControl, change: Partial<Control>): TreeOperation {
  return {
    op: "set",
    path: CONTROL,
    data: encodeEntry({ schema: SCHEMA_VERSION, ...standing.entry, ...change }),
    version: standing.znodeVersion,
  };
}

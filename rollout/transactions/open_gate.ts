/**
 * Opening the gate before a wave.
 *
 * @module
 */

import { encodeEntry, type Wave } from "../entries.ts";
import type { Versioned } from "../reading/node.ts";
import { CONTROL, DEPLOY, wavePath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/** Who opens a gate, and how. */
export interface Opening {
  /** The host, or the operator. */
  readonly by: string;
  /** In words. */
  readonly how: string;
  /** Now, milliseconds since the epoch. */
  readonly nowMs: number;
  /** The control node's version, if that has to stand: a host opens nothing while control is not running. */
  readonly controlVersion: number | null;
}

/**
 * Writes into the wave's entry who has opened its gate, if the entry stands as it was read. The queue moves on, since
 * whoever keeps the entries of waves has to look again, and so does the counter, which wakes the next host.
 */
export function openGate(
  { node, wave }: { readonly node: string; readonly wave: Versioned<Wave> },
  { by, how, nowMs, controlVersion }: Opening,
): Transaction {
  const { entry, znodeVersion } = wave;
  const gate = { ...entry.gate, opened: { by, atMs: nowMs, how } };
  return [
    ...(controlVersion === null
      ? []
      : [{ op: "check", path: CONTROL, version: controlVersion } as const]),
    {
      op: "set",
      path: wavePath(node),
      data: encodeEntry({ ...entry, gate }),
      version: znodeVersion,
    },
    { op: "set", path: DEPLOY, data: new Uint8Array(0) },
    bumpCounter(entry.service),
  ];
}

/**
 * The halt of a rollout whose first wave gets no further.
 *
 * @module
 */

import { haltControl } from "../control.ts";
import { encodeEntry } from "../entries.ts";
import type { ServiceView } from "../service_view.ts";
import { CONTROL, slotsPath, wavePath } from "../tree.ts";
import type { Transaction } from "./operation.ts";

/**
 * Halts, if control, the wave and the service's admission counter stand as they were read: then nobody was admitted, and no
 * operator has said anything, since whoever halts has looked.
 *
 * @returns `null` if control is not running, or there is no wave.
 */
export function haltWave(
  { control, controlVersion, wave, slotsVersion }: Pick<
    ServiceView,
    "control" | "controlVersion" | "wave" | "slotsVersion"
  >,
  halt: { readonly by: string; readonly reason: string; readonly nowMs: number },
): Transaction | null {
  if (wave === null || control === null || control.state !== "running") return null;
  const { by, reason, nowMs } = halt;
  const halted = haltControl(control, { by, reason, sinceMs: nowMs });
  return [
    { op: "check", path: wavePath(wave.node), version: wave.znodeVersion },
    { op: "check", path: slotsPath(wave.service), version: slotsVersion },
    { op: "set", path: CONTROL, data: encodeEntry(halted), version: controlVersion },
  ];
}

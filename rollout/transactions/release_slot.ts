/**
 * Freeing a slot whose machine is gone for good: an operator's word.
 *
 * @module
 */

import { servicePath, slotsPath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/** The slot that an operator frees, as it was read. */
export interface ReleasedSlot {
  /** Version of its node. */
  readonly znodeVersion: number;
  /** Epoch of the host whose name it bears; `null` if that is on no roster. */
  readonly epoch: number | null;
}

/** Removes the slot, unless it has changed, or its host has registered, since it was looked at. */
export function releaseSlot(
  { znodeVersion, epoch }: ReleasedSlot,
  { service, host }: { readonly service: string; readonly host: string },
): Transaction {
  return [
    ...(epoch === null
      ? []
      : [{ op: "check", path: servicePath(service, host), version: epoch } as const]),
    bumpCounter(service),
    { op: "delete", path: slotsPath(service, host), version: znodeVersion },
  ];
}

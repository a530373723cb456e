/**
 * An operator's word that a host in quarantine is to be counted on again.
 *
 * @module
 */

import { quarantinedPath } from "../tree.ts";
import { bumpCounter } from "./counter.ts";
import type { Transaction } from "./operation.ts";

/**
 * Removes the marker, if there is one. The host finds with its next reading that its entry says that it is in quarantine, and its
 * marker is gone: both were written together, so it was an operator.
 */
export function releaseQuarantine(service: string, host: string): Transaction {
  return [{ op: "delete", path: quarantinedPath(service, host) }, bumpCounter(service)];
}

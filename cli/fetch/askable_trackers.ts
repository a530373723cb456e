/**
 * Refuses trackers that nothing of Rollcall's would ever ask.
 *
 * @module
 */

import { isAskable } from "../../torrent/mod.ts";
import { UsageError } from "../shared/errors.ts";

/** @throws {UsageError} when trackers are named, and none of them is one that Rollcall asks. */
export function expectAskable(option: string, trackers: readonly string[]): void {
  if (trackers.length === 0 || trackers.some(isAskable)) return;
  throw new UsageError(
    `${option}: expected at least one tracker over http or https, which are all that Rollcall asks, was ${
      trackers.join(", ")
    }`,
  );
}

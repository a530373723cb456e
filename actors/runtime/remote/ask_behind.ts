/**
 * Finds the ask that the reference for an answer belongs to.
 *
 * @module
 */

import { type AskBehind, askBehind } from "../ref.ts";

/** The ask that an answer through this reference would end; undefined if the reference belongs to none. */
export function askBehindOf(replyTo: object): AskBehind | undefined {
  return askBehind in replyTo ? replyTo[askBehind] as AskBehind : undefined;
}

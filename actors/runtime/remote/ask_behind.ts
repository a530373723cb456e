/**
 * The ask behind the reference that a question carries for its answer.
 *
 * @module
 */

import { type AskBehind, askBehind } from "../ref.ts";

/** The ask that an answer through this reference would end; undefined if it belongs to none. */
export function askBehindOf(replyTo: object): AskBehind | undefined {
  return askBehind in replyTo ? replyTo[askBehind] as AskBehind : undefined;
}
